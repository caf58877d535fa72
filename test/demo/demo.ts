// The whole story on one machine, without a network: npm run demo [-- --keep DIR]
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gitServerMissing, temporaryDirectory } from '@gapferry/testkit';
import { checkNames, damageStick, replayFirst } from './story/attacks.ts';
import type { Demo, Step } from './story/demo.ts';
import { DemoFailure, expect } from './story/failure.ts';
import { importFirst, verifyStick } from './story/inside.ts';
import { keptText, nextText } from './story/last-words.ts';
import { collectSecond, importSecond, showDiff } from './story/next-day.ts';
import { collectFirst, exportFirst, prepare } from './story/outside.ts';
import { createScreen } from './story/screen.ts';
import { serveAndPull } from './story/serve.ts';
import { createShell } from './story/shell.ts';
import { createStepReport, type StepReport } from './story/step-report.ts';
import { upstreamEnvironment } from './upstream/hosts.ts';
import { programFiles } from './upstream/program-files.ts';
import { startUpstream } from './upstream/start-upstream.ts';

const STORY: readonly Step[] = [
  prepare,
  collectFirst,
  exportFirst,
  verifyStick,
  importFirst,
  serveAndPull,
  collectSecond,
  showDiff,
  importSecond,
  replayFirst,
  damageStick,
  checkNames,
];

const root = join(import.meta.dirname, '..', '..');
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort());

process.exitCode = await main().catch(failed);

async function main(): Promise<number> {
  const keep = keepOption();
  const missing = gitServerMissing();
  expect(missing === undefined, `the demo needs git with its HTTP server: ${missing}`);
  await using work = await temporaryDirectory();
  const kept = keep === undefined ? undefined : await emptyDirectory(keep);
  const directory = kept ?? work.join('demo');
  await mkdir(directory, { recursive: true });
  const started = performance.now();
  const report = createStepReport(root, STORY.length, process.env);
  const screen = await tell(directory, work.join('upstream'), report).finally(report.write);
  const seconds = Math.round((performance.now() - started) / 1000);
  screen.say(`\nEvery step held, in ${seconds} s.\n`);
  screen.say(kept === undefined ? nextText() : keptText(kept, root));
  return 0;
}

function keepOption(): string | undefined {
  try {
    return parseArgs({ options: { keep: { type: 'string' } } }).values.keep;
  } catch (error) {
    throw new DemoFailure(
      `usage is npm run demo [-- --keep DIR]; ${error instanceof Error ? error.message : error}`,
    );
  }
}

async function tell(
  directory: string,
  upstreamDirectory: string,
  report: StepReport,
): Promise<Demo['screen']> {
  const { signal } = stopped;
  const screen = createScreen((text) => process.stdout.write(text), {
    isTerminal: process.stdout.isTTY === true,
    env: process.env,
  });
  const program = await programFiles(root);
  await using upstream = await startUpstream({ root, directory: upstreamDirectory, program });
  screen.say(
    `gapferry: from the internet over a stick into an isolated site, on this machine alone.\nThe internet is played by a registry, a chart repository, a Git server and a file server on loopback.\nGit serves ${upstream.history}.\n`,
  );
  const env = cleanEnvironment(upstream.connectTo, join(upstreamDirectory, 'home'));
  const shell = createShell({
    directory,
    program: join(root, 'packages/cli/bin/run.js'),
    env,
    screen,
    signal,
  });
  for (const step of STORY) {
    signal.throwIfAborted();
    await step({ root, directory, upstream, screen, shell, signal });
    report.passed();
  }
  return screen;
}

/** Nothing of the user's own configuration: the demo is the same everywhere. */
function cleanEnvironment(connectTo: string, home: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:GAPFERRY_|GIT_|DOCKER_CONFIG$|REGISTRY_AUTH_FILE$|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$)/.test(name),
  );
  return {
    ...upstreamEnvironment(Object.fromEntries(kept), connectTo),
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GAPFERRY_NO_PROGRESS: '1',
  };
}

/** A path given to `npm run` is meant from where npm was called. */
async function emptyDirectory(path: string): Promise<string> {
  const { INIT_CWD: calledFrom = '.' } = process.env;
  const directory = resolve(calledFrom, path);
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  expect(names.length === 0, `--keep needs a new or empty directory; ${directory} is not empty`);
  return directory;
}

function failed(error: unknown): number {
  if (stopped.signal.aborted) {
    process.stderr.write('\ndemo: stopped; nothing is left behind\n');
    return 130;
  }
  const text = error instanceof DemoFailure ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`\ndemo: failed: ${text}\n`);
  return 1;
}
