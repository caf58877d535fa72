import type { Credentials } from '@gapferry/http';
import { childEnvironment } from '../environment.ts';
import { askCredentialHelper, type HelperOptions } from './credential-helper-call.ts';
import { type DockerConfig, readDockerConfig } from './docker-config.ts';

/** What a file has is asked for under these names. */
interface Wanted {
  /** The longest path first, the host last. */
  readonly places: readonly string[];
  /** What a helper is asked for. */
  readonly server: string;
}

type LookUp = (host: string, repository?: string) => Promise<Credentials | undefined>;

/** Docker Hub has four names; this one is what `docker login` tells helpers. */
const HUB = 'https://index.docker.io/v1/';
const HUB_HOST = /^(?:registry-1\.docker\.io|index\.docker\.io|docker\.io)$/;

/** Looks credentials up in Docker config files (as `docker login`, `skopeo login`, `podman login` and `helm registry login` write them), the first file that has some counts. In a file:
 *  the helper for the place, the entry for it (containers-auth.json(5): the longest path wins), the helper for everything. Each file is read once, each helper asked once per server.
 *  Throws `USAGE` and `TOOL_MISSING` for files and helpers that cannot be used. */
export function dockerCredentials(
  files: string | readonly string[],
  helpers: HelperOptions = { environment: childEnvironment() },
): LookUp {
  const configs = new Map<string, Promise<DockerConfig | undefined>>();
  const asked = new Map<string, Promise<Credentials | undefined>>();
  const askHelper = (name: string, server: string): Promise<Credentials | undefined> => {
    const key = `${name} ${server}`;
    const answer = asked.get(key) ?? askCredentialHelper(name, server, helpers);
    asked.set(key, answer);
    return answer;
  };
  return async (host, repository) => {
    const wanted = wantedFor(host, repository);
    for (const file of [files].flat()) {
      const read = configs.get(file) ?? readDockerConfig(file);
      configs.set(file, read);
      const config = await read;
      const found = config && (await fromConfig(config, wanted, askHelper));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

async function fromConfig(
  { auths, helpers, store }: DockerConfig,
  { places, server }: Wanted,
  askHelper: (name: string, server: string) => Promise<Credentials | undefined>,
): Promise<Credentials | undefined> {
  for (const place of places) {
    const helper = helpers.get(place);
    // Whoever names a helper for a place means it: what else stands there is old.
    if (helper !== undefined) return askHelper(helper, server === HUB ? server : place);
    const found = auths.get(place);
    if (found !== undefined) return found;
  }
  return store === undefined ? undefined : askHelper(store, server);
}

function wantedFor(host: string, repository: string | undefined): Wanted {
  const isHub = HUB_HOST.test(host);
  const hosts = isHub
    ? ['docker.io', 'index.docker.io', 'registry-1.docker.io']
    : [host, host.replace(/:(?:80|443)$/, '')];
  const names = repository?.split('/') ?? [];
  const paths = names.map((_, at) => names.slice(0, names.length - at).join('/'));
  return {
    places: [...paths.flatMap((path) => hosts.map((name) => `${name}/${path}`)), ...hosts],
    server: isHub ? HUB : host,
  };
}
