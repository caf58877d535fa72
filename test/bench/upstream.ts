import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@gapferry/testkit';
import { findTool, whyMissing } from '../live/support/tools.ts';
import type { RegistryChoice } from './bench-options.ts';
import type { Workload } from './workload.ts';

/** A registry in a process of its own. */
export interface BenchRegistry extends AsyncDisposable {
  /** host:port, plain HTTP. */
  readonly host: string;
  /** Which program it is, for the report. */
  readonly described: string;
}

export interface ServedStorage {
  /** Root directory of the file system driver. */
  readonly storage: string;
  /** Where its configuration goes. */
  readonly configFile: string;
  readonly readonly: boolean;
  /** A file that gets a line for each request; nothing is logged without one. */
  readonly accessLog?: string;
}

export interface Choice {
  readonly choice: RegistryChoice | undefined;
  /** As in `ServedStorage`; the testkit's registry writes none. */
  readonly accessLog?: string;
}

/** A registry that has the workload: distribution 3 where scripts/live/install.mjs has brought it, else Debian's docker-registry, else the testkit's. */
export async function startBenchRegistry(
  workload: Workload,
  { choice, accessLog }: Choice,
): Promise<BenchRegistry> {
  const found = choice === 'testkit' ? undefined : findDistribution(choice);
  if (found === undefined) return startTestkit(workload);
  const configFile = join(workload.registry, 'registry.yml');
  const served = { storage: workload.registry, configFile, readonly: true };
  return startDistribution(found, { ...served, ...(accessLog !== undefined && { accessLog }) });
}

export interface FoundDistribution {
  readonly name: string;
  readonly program: string;
}

/** Throws when the one that was asked for is not there; undefined when nothing was asked for and there is none. */
export function findDistribution(choice?: RegistryChoice): FoundDistribution | undefined {
  const names = choice === undefined ? ['distribution-3', 'docker-registry'] : [choice];
  for (const name of names) {
    const program = findTool(name);
    if (program !== undefined) return { name, program };
  }
  if (choice !== undefined) throw new Error(`${choice}: ${whyMissing(choice)}`);
  return undefined;
}

export async function startDistribution(
  { name, program }: FoundDistribution,
  { storage, configFile, readonly, accessLog }: ServedStorage,
): Promise<BenchRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: accessLog === undefined } },
    storage: {
      filesystem: { rootdirectory: storage },
      maintenance: { readonly: { enabled: readonly } },
    },
    http: { addr: host, secret: 'of one run' },
  };
  await writeFile(configFile, JSON.stringify(config));
  const log = accessLog === undefined ? undefined : await openEmpty(accessLog);
  const env = { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' };
  const stdio = log?.fd ?? 'ignore';
  const server = spawn(program, ['serve', configFile], { stdio: ['ignore', stdio, stdio], env });
  const ended = once(server, 'close');
  await untilAnswers(server, host, program);
  return {
    host,
    described: `${name} (${program})`,
    async [Symbol.asyncDispose]() {
      server.kill();
      await ended;
      await log?.close();
    },
  };
}

/** To append to: it is emptied between runs. */
async function openEmpty(file: string): Promise<FileHandle> {
  await writeFile(file, '');
  return open(file, 'a');
}

async function untilAnswers(server: ChildProcess, host: string, program: string): Promise<void> {
  const answers = (): Promise<boolean> =>
    fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (let tries = 0; !(await answers()); tries++) {
    if (tries > 200 || server.exitCode !== null) throw new Error(`${program} does not answer on ${host}`);
    await sleep(50);
  }
}

async function startTestkit(workload: Workload): Promise<BenchRegistry> {
  const script = new URL('./testkit-registry.ts', import.meta.url).pathname;
  const server = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(server, 'close');
  server.stdin.write(`${JSON.stringify(workload)}\n`);
  const [host] = (await once(createInterface(server.stdout), 'line')) as [string];
  return {
    host,
    described: 'the registry of @gapferry/testkit',
    async [Symbol.asyncDispose]() {
      server.stdin.end();
      await ended;
    },
  };
}
