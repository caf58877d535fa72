import { mkdir, writeFile } from 'node:fs/promises';
import { mustRun, type TemporaryDirectory } from '@gapferry/testkit';
import type { LiveRegistry } from './live-registry.ts';
import { dockerConfig } from './skopeo.ts';
import { tool } from './tools.ts';

/** crane, regctl and cosign with a home of their own that is let into some registries, and with no way to anything beyond loopback. Each returns what the program printed, trimmed. */
export interface OciClients {
  crane(...args: readonly string[]): Promise<string>;
  regctl(...args: readonly string[]): Promise<string>;
  cosign(...args: readonly string[]): Promise<string>;
  /** Lets them into one more registry. */
  know(registry: Pick<LiveRegistry, 'host' | 'credentials'>): Promise<void>;
}

export async function createOciClients(home: TemporaryDirectory): Promise<OciClients> {
  const env = {
    PATH: process.env['PATH'],
    HOME: home.path,
    TMPDIR: home.path,
    DOCKER_CONFIG: home.join('.docker'),
    HTTP_PROXY: 'http://127.0.0.1:9',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    COSIGN_PASSWORD: 'of one test',
  };
  await mkdir(env.DOCKER_CONFIG);
  const run = async (program: string, args: readonly string[]): Promise<string> =>
    (await mustRun(tool(program), args, { env, cwd: home.path })).trim();
  const regctl: OciClients['regctl'] = (...args) => run('regctl', args);
  return {
    crane: (...args) => run('crane', [...args, '--insecure']),
    regctl,
    cosign: (...args) => run('cosign', args),
    async know({ host, credentials }) {
      if (credentials) await writeFile(home.join('.docker/config.json'), dockerConfig(host, credentials));
      await regctl('registry', 'set', host, '--tls', 'disabled');
    },
  };
}

/** Digests of everything that regctl finds attached to a manifest, to that and so on: by referrers, and by cosign's tags. Sorted, each once. */
export async function attachedTo({ regctl }: OciClients, reference: string): Promise<string[]> {
  const tree = await regctl('artifact', 'tree', '--digest-tags', reference);
  const [, referrers = ''] = tree.split(/^Referrers:$/m);
  const found = [...referrers.matchAll(/^ +- (sha256:[0-9a-f]{64}): (.*)$/gm)];
  // The fallback tag of the referrers API looks like one of cosign's, but is a list of what is attached.
  const attached = found.filter(([, , word = '']) => !/^sha256-[0-9a-f]{64}$/.test(word));
  return [...new Set(attached.map(([, digest = '']) => digest))].sort();
}
