import { mkdir, writeFile } from 'node:fs/promises';
import { mustRun, type TemporaryDirectory } from '@gapferry/testkit';
import { createSkopeo, dockerConfig } from './skopeo.ts';
import { tool } from './tools.ts';
import type { ZonePlace } from './zone-places.ts';

/** skopeo, crane and helm, let into a zone's registry. References are as upstream has them: `registry.upstream.example/line-a/app:1.0`. */
export interface ZoneClients {
  /** crane's word for what a tag stands for inside. */
  digest(reference: string): Promise<string>;
  /** sha256sum's word for the manifest that skopeo gets upstream. */
  upstreamDigest(path: string): Promise<string>;
  /** crane reads every blob of it inside, and compares. */
  validate(reference: string): Promise<void>;
  /** Into a directory. */
  pullChart(name: string, version: string, into: string): Promise<void>;
}

export async function createZoneClients(
  home: TemporaryDirectory,
  { url, host, name, credentials, ca }: ZonePlace,
  upstream: string,
): Promise<ZoneClients> {
  const config = home.join('zone-docker');
  await mkdir(config, { recursive: true });
  const file = `${config}/config.json`;
  await writeFile(file, credentials === undefined ? '{}' : dockerConfig(host, credentials), { mode: 0o600 });
  const env = {
    PATH: process.env['PATH'],
    HOME: home.path,
    DOCKER_CONFIG: config,
    HELM_REGISTRY_CONFIG: file,
    ...(ca !== undefined && { SSL_CERT_FILE: ca }),
  };
  const isPlain = url.startsWith('http:');
  const run = async (program: string, args: readonly string[]): Promise<string> =>
    (await mustRun(tool(program), args, { env, cwd: home.path })).trim();
  const insecure = isPlain ? ['--insecure'] : [];
  const trust = isPlain ? ['--plain-http'] : ca === undefined ? [] : ['--ca-file', ca];
  const at = (reference: string): string => `${host}/${name}${reference}`;
  const skopeo = createSkopeo(home);
  return {
    digest: (reference) => run('crane', ['digest', at(reference), ...insecure]),
    upstreamDigest: (path) => skopeo.digest(`docker://${upstream}/${path}`, { host: upstream }),
    validate: async (reference) =>
      void (await run('crane', ['validate', '--remote', at(reference), ...insecure])),
    pullChart: async (chart, version, into) => {
      await run('helm', [
        'pull',
        `oci://${at(chart)}`,
        '--version',
        version,
        '--destination',
        into,
        ...trust,
      ]);
    },
  };
}
