import { mkdir, writeFile } from 'node:fs/promises';
import { type Credentials, mustRun, type TemporaryDirectory } from '@gapferry/testkit';
import { tool } from './tools.ts';

/** Where skopeo finds a registry, and how it is let in. */
export interface Place {
  /** `host[:port]`. */
  readonly host: string;
  /** Directory with the authority's certificate; plain HTTP without one. */
  readonly certificates?: string;
  readonly credentials?: Credentials;
}

/** skopeo, as somebody uses it who has never heard of gapferry, with a home of its own. */
export interface Skopeo {
  /** Pushes an image of an OCI layout, all platforms; `v2s2` turns it into Docker's format on the way. */
  push(layout: string, name: string, to: Place, format?: 'oci' | 'v2s2'): Promise<void>;
  /** Pulls into a directory that keeps every manifest and blob as it was sent (`dir:`), all platforms. */
  pull(from: Place, name: string, directory: string): Promise<void>;
  /** sha256sum's word for the manifest as the registry, or a layout (`oci:DIR:NAME`), gives it. */
  digest(reference: string, from?: Place): Promise<string>;
}

export function createSkopeo(home: TemporaryDirectory): Skopeo {
  const env = {
    PATH: process.env['PATH'],
    HOME: home.path,
    XDG_RUNTIME_DIR: home.path,
    TMPDIR: home.path,
  };
  const run = (args: readonly string[]): Promise<string> =>
    mustRun(tool('skopeo'), ['--insecure-policy', ...args], { env });
  return {
    push: async (layout, name, to, format = 'oci') => {
      const flags = [
        ...(await flagsOf(to, '--dest-', home)),
        ...(format === 'v2s2' ? ['--format', format] : []),
      ];
      await run(['copy', '--quiet', '--all', ...flags, `oci:${layout}`, `docker://${to.host}/${name}`]);
    },
    pull: async (from, name, directory) => {
      const flags = await flagsOf(from, '--src-', home);
      await mkdir(directory, { recursive: true });
      await run(['copy', '--quiet', '--all', ...flags, `docker://${from.host}/${name}`, `dir:${directory}`]);
    },
    digest: async (reference, from) => {
      const flags = from === undefined ? [] : await flagsOf(from, '--', home);
      const raw = await run(['inspect', '--raw', ...flags, reference]);
      return `sha256:${(await mustRun('sha256sum', [], { input: raw })).slice(0, 64)}`;
    },
  };
}

async function flagsOf(place: Place, prefix: string, home: TemporaryDirectory): Promise<string[]> {
  const tls =
    place.certificates === undefined
      ? [`${prefix}tls-verify=false`]
      : [`${prefix}cert-dir`, place.certificates];
  if (place.credentials === undefined) return tls;
  const authfile = prefix === '--' ? '--authfile' : `${prefix}authfile`;
  const file = home.join('auth.json');
  await writeFile(file, dockerConfig(place.host, place.credentials), { mode: 0o600 });
  return [...tls, authfile, file];
}

/** What `docker login` and `skopeo login` leave behind. */
export function dockerConfig(host: string, { username, password }: Credentials): string {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [host]: { auth } } });
}
