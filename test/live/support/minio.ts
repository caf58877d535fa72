import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, type TlsIdentity, temporaryDirectory } from '@gapferry/testkit';
import { type RunningProgram, startProgram } from './start-program.ts';
import { tool } from './tools.ts';

export interface MinioOptions {
  /** Serve over TLS with this certificate. */
  readonly tls?: TlsIdentity;
  /** Default us-east-1. */
  readonly region?: string;
  /** Buckets also stand in names of hosts: `plant.s3.test` for `s3.test`. */
  readonly domain?: string;
  /** A directory for its objects that outlives it; one of its own unless given. */
  readonly storage?: string;
  /** What stands before the program: `prlimit --fsize=…`. */
  readonly before?: readonly string[];
}

/** A real MinIO on a free port of 127.0.0.1. */
export interface Minio extends AsyncDisposable {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** Of the administrator; passwords of no worth. */
  readonly accessKey: string;
  readonly secretKey: string;
  /** Where its objects lie. */
  readonly storage: string;
  /** What it has said so far. */
  output(): string;
}

const ADMIN = { accessKey: 'plant-admin', secretKey: 'Sesam-oeffne-dich-49' } as const;
const READY_WITHIN_MS = 30_000;

export async function startMinio(options: MinioOptions = {}): Promise<Minio> {
  const home = await temporaryDirectory();
  const storage = options.storage ?? home.join('storage');
  try {
    await mkdir(storage, { recursive: true });
    await mkdir(home.join('certs'));
    const { tls } = options;
    if (tls !== undefined) {
      await writeFile(home.join('certs/public.crt'), tls.cert);
      await writeFile(home.join('certs/private.key'), tls.key, { mode: 0o600 });
    }
    const { program, port } = await listen(home.path, storage, options);
    return {
      url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      host: `127.0.0.1:${port}`,
      port,
      ...ADMIN,
      storage,
      output: program.output,
      [Symbol.asyncDispose]: async () => {
        await program.stop();
        await home.remove();
      },
    };
  } catch (error) {
    await home.remove();
    throw error;
  }
}

/** It cannot choose a port itself; when somebody takes the free one first, it gets another. */
async function listen(
  home: string,
  storage: string,
  { region, domain, before = [], tls }: MinioOptions,
): Promise<{ program: RunningProgram; port: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const address = ['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${await freePort()}`];
    const [first = '', ...args] = [
      ...before,
      tool('minio'),
      'server',
      ...address,
      '--certs-dir',
      `${home}/certs`,
      storage,
    ];
    try {
      const program = await startProgram(first, args, {
        ready: /API: https?:\/\/127\.0\.0\.1:\d+/,
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          MINIO_ROOT_USER: ADMIN.accessKey,
          MINIO_ROOT_PASSWORD: ADMIN.secretKey,
          MINIO_BROWSER: 'off',
          MINIO_UPDATE: 'off',
          ...(region !== undefined && { MINIO_SITE_REGION: region }),
          ...(domain !== undefined && { MINIO_DOMAIN: domain }),
        },
      });
      if (tls === undefined) await untilReady(port, program);
      return { program, port };
    } catch (error) {
      if (tries === 5 || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function untilReady(port: number, program: RunningProgram): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  const isReady = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/minio/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (performance.now() < deadline) {
      await pause(20);
      continue;
    }
    await program.stop();
    throw new Error(`minio is not ready:\n${program.output()}`);
  }
}
