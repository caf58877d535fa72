import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRun, GapferryError, printable, type Run } from '@gapferry/core';
import type { ChartRenderer, RenderedChart, RenderJob } from './chart-renderer.ts';
import { toChartError, toLimitError } from './render-failure.ts';

const LIMITS = { timeoutMs: 60_000, totalMs: Number.POSITIVE_INFINITY, memoryMiB: 0, outputMiB: 64 } as const;

export interface HelmProgramOptions {
  /** Absolute path, or a name that is looked up in `path`. */
  readonly program: string;
  /** The PATH of the caller. */
  readonly path: string;
}

/** Renders with a `helm` (3 or 4) of this machine instead of the engine that is built in. It gets a home of its own and nothing of the caller's configuration, credentials or cluster; unlike the engine it is a program that
 *  could reach files and network, and its functions of chance and time give something else each time. Throws as `ChartRenderer` says, and `TOOL_MISSING` when it cannot be started. */
export function helmProgram(options: HelmProgramOptions): ChartRenderer {
  return {
    render: (job, run) => renderIn(options, job, run),
    close: () => Promise.resolve(),
  };
}

async function renderIn(options: HelmProgramOptions, job: RenderJob, run: Run): Promise<RenderedChart> {
  checkRun(run);
  const home = await mkdtemp(join(tmpdir(), 'gapferry-helm-'));
  try {
    await writeFile(join(home, 'chart.tgz'), job.archive);
    const values = (job.values ?? []).map(({ content }, at) => ({ name: `values-${at}.yaml`, content }));
    for (const { name, content } of values) await writeFile(join(home, name), content);
    const names = values.map(({ name }) => name);
    const { failure, stdout, stderr } = await start(options, home, argumentsFor(job, names), run);
    checkRun(run);
    if (failure !== undefined) throw toFailure(options, job, failure, stderr);
    tellWarnings(job, stderr, run);
    return { text: stdout };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function argumentsFor(job: RenderJob, values: readonly string[]): string[] {
  return [
    'template',
    `--namespace=${job.namespace ?? 'default'}`,
    ...values.map((name) => `--values=${name}`),
    ...(job.kubeVersion === undefined ? [] : [`--kube-version=${job.kubeVersion}`]),
    ...(job.apiVersions ?? []).map((version) => `--api-versions=${version}`),
    ...(job.crds === true ? ['--include-crds'] : []),
    ...(job.tests === false ? ['--skip-tests'] : []),
    '--',
    job.release ?? 'release-name',
    'chart.tgz',
  ];
}

interface Ended {
  readonly failure?: Failure;
  readonly stdout: string;
  readonly stderr: string;
}

interface Failure extends Error {
  readonly code?: string | number | null;
  readonly killed?: boolean;
}

/** Values of the caller's environment never reach the program: charts cannot read it, but its plugins could. */
function start(
  { program, path }: HelmProgramOptions,
  home: string,
  args: readonly string[],
  run: Run,
): Promise<Ended> {
  const settings = {
    cwd: home,
    env: {
      PATH: path,
      HOME: home,
      HELM_CACHE_HOME: home,
      HELM_CONFIG_HOME: home,
      HELM_DATA_HOME: home,
      HELM_PLUGINS: join(home, 'plugins'),
    },
    timeout: LIMITS.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: LIMITS.outputMiB << 20,
    signal: run.signal,
  } as const;
  return new Promise((resolve) => {
    execFile(program, [...args], settings, (error, stdout, stderr) =>
      resolve({ ...(error !== null && { failure: error as Failure }), stdout, stderr }),
    );
  });
}

function toFailure(
  { program }: HelmProgramOptions,
  job: RenderJob,
  failure: Failure,
  stderr: string,
): GapferryError {
  if (failure.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return toLimitError(job, 'output', LIMITS);
  if (failure.killed === true) return toLimitError(job, 'time', LIMITS);
  if (typeof failure.code !== 'number')
    return new GapferryError({
      code: 'TOOL_MISSING',
      message: `${job.item} was to be rendered by ${printable(program)}, which cannot be started (${failure.code ?? 'it was stopped'})`,
      hint: 'correct GAPFERRY_HELM, or unset it: gapferry renders with an engine of its own',
    });
  const message = stderr
    .replace(/^(?:WARNING|level=|time=).*\n/gm, '')
    .replace(/^Error: (?:INSTALLATION FAILED: )?/, '')
    .replace(/\n\nUse --debug flag to render out invalid YAML\s*$/, '');
  return toChartError(job, { kind: 'chart', message });
}

function tellWarnings({ item }: RenderJob, stderr: string, run: Run): void {
  for (const line of stderr
    .split('\n')
    .filter((text) => text.trim() !== '')
    .slice(0, 20))
    run.emit({ kind: 'warning', item, message: `helm: ${printable(line).slice(0, 500)}` });
}
