// Runs a command while the demo's upstream is up, with GAPFERRY_CONNECT_TO leading there:
//   npm run -s demo:upstream -- [--next-day] [COMMAND …]
// Without a command it stays until Ctrl-C and prints the variable for another terminal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryDirectory } from '@gapferry/testkit';
import { HOSTS, upstreamEnvironment } from './upstream/hosts.ts';
import { programFiles } from './upstream/program-files.ts';
import { startUpstream, type Upstream } from './upstream/start-upstream.ts';

const root = join(import.meta.dirname, '..', '..');
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort());

const args = process.argv.slice(2);
const nextDay = args[0] === '--next-day';
process.exitCode = await upstreamUp(nextDay ? args.slice(1) : args);

/** Returns the exit code of the command. */
async function upstreamUp(command: readonly string[]): Promise<number> {
  await using home = await temporaryDirectory();
  const program = await programFiles(root);
  await using upstream = await startUpstream({ root, directory: home.join('git'), program });
  if (nextDay) await upstream.change();
  if (stopped.signal.aborted) return 130;
  // Awaited here: the upstream closes when this function returns.
  return await (command.length === 0 ? stay(upstream) : runCommand(command, upstream));
}

async function stay({ connectTo, history }: Upstream): Promise<number> {
  process.stderr.write(
    `the demo's upstream is up until Ctrl-C: ${Object.values(HOSTS).join(', ')} (${history})\nin another terminal:\n`,
  );
  process.stdout.write(`export GAPFERRY_CONNECT_TO=${connectTo}\n`);
  // Signals and the servers keep the process alive.
  await once(stopped.signal, 'abort');
  return 0;
}

/** Ctrl-C reaches the command by itself, as it is in the same process group; a signal to this process alone is passed on. */
async function runCommand(
  [program = '', ...args]: readonly string[],
  { connectTo }: Upstream,
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env: upstreamEnvironment(process.env, connectTo) });
  stopped.signal.addEventListener('abort', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`demo:upstream: cannot run ${program}: ${error.message}\n`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 130));
  });
}
