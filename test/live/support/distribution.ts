import { mkdir, writeFile } from 'node:fs/promises';
import {
  type Credentials,
  mustRun,
  type TlsIdentity,
  type TokenServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

export interface DistributionOptions {
  readonly tls?: TlsIdentity;
  readonly auth?:
    | ({ readonly kind: 'basic' } & Credentials)
    | { readonly kind: 'bearer'; readonly server: TokenServer; readonly authority: string };
}

/** A real registry: distribution 2.8, as Debian ships it, on a free port of 127.0.0.1 with its storage in a temporary directory. */
export interface Distribution extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Its storage, for those who damage it. */
  blobFile(digest: string): string;
  /** Lines of its access log that have this in them. */
  accesses(text: string): string[];
}

export async function startDistribution(options: DistributionOptions = {}): Promise<Distribution> {
  const home = await temporaryDirectory();
  try {
    const file = home.join('config.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify(await configuration(options, home.path)));
    const program = await startProgram(tool('docker-registry'), ['serve', file], {
      ready: /msg="listening on 127\.0\.0\.1:(\d+)/,
      env: { PATH: process.env['PATH'], HOME: home.path },
    });
    const port = Number(program.ready[1]);
    return {
      port,
      host: `127.0.0.1:${port}`,
      blobFile: (digest) => {
        const hex = digest.slice('sha256:'.length);
        return home.join('storage/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
      },
      accesses: (text) =>
        program
          .output()
          .split('\n')
          .filter((line) => /^127\.0\.0\.1 - /.test(line) && line.includes(text)),
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

async function configuration({ tls, auth }: DistributionOptions, home: string): Promise<unknown> {
  await mkdir(`${home}/storage`);
  return {
    version: '0.1',
    log: { level: 'info', formatter: 'text' },
    // No cache: what a test does to the storage is seen at once.
    storage: { filesystem: { rootdirectory: `${home}/storage` }, delete: { enabled: true } },
    http: {
      addr: '127.0.0.1:0',
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
