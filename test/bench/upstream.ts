import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, which } from '@gapferry/testkit';
import type { Workload } from './workload.ts';

/** A registry with the workload in a process of its own. */
export interface BenchRegistry extends AsyncDisposable {
  /** host:port, plain HTTP. */
  readonly host: string;
  /** Which program it is, for the report. */
  readonly described: string;
}

/** Debian's docker-registry (distribution) where it is installed, else the testkit's registry. */
export async function startBenchRegistry(workload: Workload, directory: string): Promise<BenchRegistry> {
  const distribution = which('docker-registry') ?? which('registry');
  if (distribution !== undefined)
    return startDistribution(distribution, workload, `${directory}/registry.yml`);
  return startTestkit(workload);
}

async function startDistribution(
  program: string,
  workload: Workload,
  configFile: string,
): Promise<BenchRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: workload.registry },
      maintenance: { readonly: { enabled: true } },
    },
    http: { addr: host },
  };
  await writeFile(configFile, JSON.stringify(config));
  const server = spawn(program, ['serve', configFile], { stdio: 'ignore' });
  const ended = once(server, 'close');
  const close = async (): Promise<void> => {
    server.kill();
    await ended;
  };
  for (let tries = 0; !(await answers(host)); tries++) {
    if (tries > 100 || server.exitCode !== null) throw new Error(`${program} does not answer on ${host}`);
    await sleep(50);
  }
  return { host, described: `${program} (distribution)`, [Symbol.asyncDispose]: close };
}

async function answers(host: string): Promise<boolean> {
  return fetch(`http://${host}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function startTestkit(workload: Workload): Promise<BenchRegistry> {
  const script = new URL('./testkit-registry.ts', import.meta.url).pathname;
  const server = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(server, 'close');
  server.stdin.write(`${JSON.stringify(workload)}\n`);
  const [host] = (await once(createInterface(server.stdout), 'line')) as [string];
  return {
    host,
    described: 'the registry of @gapferry/testkit (no docker-registry on this machine)',
    async [Symbol.asyncDispose]() {
      server.stdin.end();
      await ended;
    },
  };
}
