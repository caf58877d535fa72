import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { which } from '@gapferry/testkit';

/** A program with its arguments; run without a shell. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it says when the part of its work begins that is measured besides the whole. */
  readonly phaseBegins?: RegExp;
}

/** One whole process, from its start to its end. */
export interface Measured {
  readonly seconds: number;
  /** From `phaseBegins` to its end. */
  readonly phaseSeconds?: number;
  /** User and system, with the children that were waited for; undefined without GNU time. */
  readonly cpuSeconds: number | undefined;
  /** The largest single process. */
  readonly peakMiB: number | undefined;
}

/** GNU time asks the kernel (wait4) for what a process used; Node cannot ask that about a child. */
const GNU_TIME = which('time');

export const MEASURES_MEMORY: boolean = GNU_TIME !== undefined;

/** Throws with what the program said unless it ends with 0. */
export async function measure({ argv, cwd, env, phaseBegins }: Command): Promise<Measured> {
  const usage = join(tmpdir(), `gapferry-bench-${process.pid}.usage`);
  const [program, ...args] =
    GNU_TIME === undefined ? argv : [GNU_TIME, '-f', '%U %S %M', '-o', usage, ...argv];
  const began = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
    ...(env && { env: { ...env } }),
  });
  const said: Buffer[] = [];
  let phaseBegan: number | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said.push(chunk);
      if (phaseBegan === undefined && phaseBegins?.test(chunk.toString('latin1')))
        phaseBegan = performance.now();
    });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const ended = performance.now();
  const seconds = (ended - began) / 1000;
  if (code !== 0)
    throw new Error(
      `${argv.join(' ')} ended with ${code}:\n${Buffer.concat(said).toString('utf8').slice(-2000)}`,
    );
  const phase = phaseBegan === undefined ? {} : { phaseSeconds: (ended - phaseBegan) / 1000 };
  return { seconds, ...phase, ...(await readUsage(usage)) };
}

async function readUsage(file: string): Promise<Pick<Measured, 'cpuSeconds' | 'peakMiB'>> {
  if (GNU_TIME === undefined) return { cpuSeconds: undefined, peakMiB: undefined };
  const [user = 0, system = 0, kibibytes = 0] = (await readFile(file, 'utf8')).trim().split(' ').map(Number);
  await rm(file);
  return { cpuSeconds: user + system, peakMiB: kibibytes / 1024 };
}
