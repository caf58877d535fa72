import { checkRun, type GapferryError, printable, type Run } from '@gapferry/core';
import { type RenderLimits, toChartError, toEngineError, toLimitError } from './render-failure.ts';
import { type QuestionHead, type RenderReply, readAnswer, toQuestion } from './render-protocol.ts';
import { type NoReply, type RenderThread, startRenderThread } from './render-thread.ts';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 60_000;
const TOTAL_MS = 900_000;
const MEMORY_MIB = 512;
const MOST_OUTPUT_MIB = 64;
/** From this part of its memory on the engine cleans up more eagerly. */
const EAGER = 0.75;

/** One chart with what it is rendered with. What is left out is as for `helm template`. */
export interface RenderJob {
  /** The item's name, for messages. */
  readonly item: string;
  /** The .tgz, with its dependencies in it. */
  readonly archive: Uint8Array;
  /** YAML; later ones win. */
  readonly values?: readonly { readonly name: string; readonly content: string }[];
  /** Default `release-name`. */
  readonly release?: string;
  /** Default `default`. */
  readonly namespace?: string;
  /** Default the one Helm was built for. */
  readonly kubeVersion?: string;
  /** Besides those that Helm knows. */
  readonly apiVersions?: readonly string[];
  /** Also what is in `crds/`. Default false. */
  readonly crds?: boolean;
  /** Also hooks that are tests. Default true. */
  readonly tests?: boolean;
}

export interface RenderedChart {
  /** Byte for byte what `helm template` prints. Bytes that are no UTF-8 are replaced. */
  readonly text: string;
  /** The chart's own NOTES.txt, rendered. */
  readonly notes?: string;
}

/** Renders charts with Helm's own engine, in a thread without files, network or environment. */
export interface ChartRenderer {
  /** Throws `CONFIG_INVALID` for a chart or values that do not render, `CONTENT_INVALID` for an archive that is no chart, `LIMIT_EXCEEDED` for too much time,
   *  memory, depth or output. What Helm warns about is told to `run`. One chart is rendered at a time; others wait. */
  render(job: RenderJob, run: Run): Promise<RenderedChart>;
  /** Ends the thread. What is being rendered is rejected. */
  close(): Promise<void>;
}

export interface RendererOptions {
  /** For one chart, with the engine's start; 60 000 unless given. */
  readonly timeoutMs?: number;
  /** For all charts together: a repository may bring hundreds that each take just not too long. 900 000 unless given. */
  readonly totalMs?: number;
  /** The engine's; 512 unless given. */
  readonly memoryMiB?: number;
}

/** Nothing is loaded before the first `render`. */
export function createChartRenderer(options: RendererOptions = {}): ChartRenderer {
  const { timeoutMs = TIMEOUT_MS, totalMs = TOTAL_MS, memoryMiB = MEMORY_MIB } = options;
  const limits: RenderLimits = { timeoutMs, totalMs, memoryMiB, outputMiB: MOST_OUTPUT_MIB };
  const oneAtATime = createQueue();
  let thread: RenderThread | undefined;
  let spentMs = 0;
  return {
    render: (job, run) =>
      oneAtATime(async () => {
        checkRun(run);
        if (spentMs >= totalMs) throw toLimitError(job, 'total', limits);
        if (thread === undefined || thread.isOver()) thread = startRenderThread({ memoryMiB });
        const question = toQuestion(toHead(job, limits), job.archive);
        const began = performance.now();
        const said = await thread.ask(question, { timeoutMs, signal: run.signal });
        spentMs += performance.now() - began;
        checkRun(run);
        return toRendered(job, run, said, limits);
      }),
    async close() {
      await thread?.end();
    },
  };
}

/** Runs what it is given one after the other. */
function createQueue(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
}

function toHead(job: RenderJob, { memoryMiB, outputMiB }: RenderLimits): QuestionHead {
  return {
    values: job.values ?? [],
    release: job.release ?? 'release-name',
    namespace: job.namespace ?? 'default',
    ...(job.kubeVersion === undefined ? {} : { kubeVersion: job.kubeVersion }),
    apiVersions: job.apiVersions ?? [],
    crds: job.crds ?? false,
    skipTests: job.tests === false,
    mostOutput: outputMiB * MIB,
    memoryTarget: Math.floor(memoryMiB * MIB * EAGER),
  };
}

function toRendered(
  job: RenderJob,
  run: Run,
  said: RenderReply | NoReply,
  limits: RenderLimits,
): RenderedChart {
  if (said.kind !== 'answer') throw toError(job, said, limits);
  const { head, text } = readAnswer(said.answer);
  for (const warning of head.warnings ?? [])
    run.emit({ kind: 'warning', item: job.item, message: `helm: ${printable(warning)}` });
  if (head.failure?.kind === 'output') throw toLimitError(job, 'output', limits);
  if (head.failure !== undefined) throw toChartError(job, head.failure);
  return { text, ...(head.notes === undefined ? {} : { notes: head.notes }) };
}

function toError(
  job: RenderJob,
  said: Exclude<RenderReply | NoReply, { kind: 'answer' }>,
  limits: RenderLimits,
): GapferryError {
  if (said.kind === 'late') return toLimitError(job, 'time', limits);
  if (said.kind === 'crash')
    return said.of === 'engine' ? toEngineError(job, said.message) : toLimitError(job, said.of, limits);
  return toEngineError(job, said.kind === 'broken' ? said.cause : 'its thread was stopped');
}
