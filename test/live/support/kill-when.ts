import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { GapferryCommand } from '../../support/command-line.ts';

/** Starts a command and kills it (SIGKILL) as soon as `reached` says so, which is asked again and again. Throws with all it said when it ends before. */
export async function killWhen(
  { program, argv, cwd, env }: GapferryCommand,
  reached: () => Promise<boolean>,
): Promise<void> {
  const child = spawn(program, argv, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  const closed = once(child, 'close');
  try {
    while (child.exitCode === null && !(await reached())) await pause(2);
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
  if (child.signalCode !== 'SIGKILL')
    throw new Error(`it ended with ${child.exitCode} before it was killed:\n${Buffer.concat(said)}`);
}
