import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Credentials,
  mustRun,
  type TlsIdentity,
  type TokenServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { type Access, readAccesses } from './access-log.ts';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** Which program is which version; what `lacks` is asked for. */
export const DISTRIBUTIONS = { '2.8': 'docker-registry', '3': 'distribution-3' } as const;
export type DistributionVersion = keyof typeof DISTRIBUTIONS;

export interface DistributionOptions {
  /** Default 2.8. */
  readonly version?: DistributionVersion;
  /** A directory for its storage that outlives it; one of its own unless given. */
  readonly storage?: string;
  /** Of one that stood there before; a free one unless given. */
  readonly port?: number;
  readonly tls?: TlsIdentity;
  /** Lets manifests be deleted; default true, where its own default is false. */
  readonly deletes?: boolean;
  readonly auth?:
    | ({ readonly kind: 'basic' } & Credentials)
    | { readonly kind: 'bearer'; readonly server: TokenServer; readonly authority: string };
}

/** A real registry: distribution 2.8, as Debian ships it, or 3, on a free port of 127.0.0.1 with its storage in a temporary directory. */
export interface Distribution extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Its storage, for those who damage it. */
  blobFile(digest: string): string;
  /** Lines of its access log that have this in them. */
  accesses(text: string): string[];
  /** Its access log so far. */
  accessLog(): Access[];
  /** Bytes of uploads that were begun in a repository and not finished, largest first; without those that have none, as cancelled ones leave them: their directory with the state of the digest. */
  uploads(repository: string): Promise<number[]>;
}

export async function startDistribution(options: DistributionOptions = {}): Promise<Distribution> {
  const home = await temporaryDirectory();
  const { storage = home.join('storage') } = options;
  try {
    const file = home.join('config.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify(await configuration(options, storage, home.path)));
    const program = await startProgram(tool(DISTRIBUTIONS[options.version ?? '2.8']), ['serve', file], {
      ready: /msg="listening on 127\.0\.0\.1:(\d+)/,
      env: { PATH: process.env['PATH'], HOME: home.path, OTEL_TRACES_EXPORTER: 'none' },
    });
    const port = Number(program.ready[1]);
    return {
      port,
      host: `127.0.0.1:${port}`,
      blobFile: (digest) => {
        const hex = digest.slice('sha256:'.length);
        return join(storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
      },
      accesses: (text) =>
        program
          .output()
          .split('\n')
          .filter((line) => /^127\.0\.0\.1 - /.test(line) && line.includes(text)),
      accessLog: () => readAccesses(program.output()),
      uploads: (repository) => uploadsIn(storage, repository),
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

async function uploadsIn(storage: string, repository: string): Promise<number[]> {
  const directory = join(storage, 'docker/registry/v2/repositories', repository, '_uploads');
  const names = await readdir(directory).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(directory, name, 'data')).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).filter((size) => size > 0).sort((a, b) => b - a);
}

async function configuration(
  { port = 0, tls, auth, deletes = true }: DistributionOptions,
  storage: string,
  home: string,
): Promise<unknown> {
  await mkdir(storage, { recursive: true });
  return {
    version: '0.1',
    log: { level: 'info', formatter: 'text' },
    // No cache: what a test does to the storage is seen at once.
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: deletes } },
    http: {
      addr: `127.0.0.1:${port}`,
      secret: 'of one test',
      ...(tls && { tls: await tlsFiles(tls, home) }),
    },
    ...(auth && { auth: await authSection(auth, home) }),
  };
}

async function tlsFiles({ cert, key }: TlsIdentity, home: string): Promise<Record<string, string>> {
  const files = { certificate: `${home}/server.pem`, key: `${home}/server.key` };
  await writeFile(files.certificate, cert);
  await writeFile(files.key, key, { mode: 0o600 });
  return files;
}

async function authSection(
  auth: NonNullable<DistributionOptions['auth']>,
  home: string,
): Promise<Record<string, unknown>> {
  if (auth.kind === 'basic') {
    const path = `${home}/htpasswd`;
    const line = await mustRun(tool('htpasswd'), ['-n', '-i', '-B', auth.username], { input: auth.password });
    await writeFile(path, line);
    return { htpasswd: { realm: 'live', path } };
  }
  const rootcertbundle = `${home}/authority.pem`;
  await writeFile(rootcertbundle, auth.authority);
  const { realm, service, issuer } = auth.server;
  return { token: { realm, service, issuer, rootcertbundle } };
}
