import { readFile } from 'node:fs/promises';
import { GapferryError, isGapferryError, parseJson } from '@gapferry/core';
import type { Credentials } from '@gapferry/http';
import { reasonOf } from '../environment.ts';

/** Looks credentials up in a Docker config file (`auths`, as `docker login`, `skopeo login --authfile` and `helm registry login` write it; credential helpers are not asked). Read once, on the first question.
 *  Throws `USAGE` when the file is there and cannot be used: a broken file must not look like "no credentials". */
export function dockerCredentials(configFile: string): (host: string) => Promise<Credentials | undefined> {
  let loaded: Promise<Map<string, Credentials>> | undefined;
  return async (host) => {
    loaded ??= readAuths(configFile);
    const auths = await loaded;
    return (
      auths.get(host) ??
      auths.get(host.replace(/:(?:80|443)$/, '')) ??
      (host === 'registry-1.docker.io' ? (auths.get('index.docker.io') ?? auths.get('docker.io')) : undefined)
    );
  };
}

async function readAuths(file: string): Promise<Map<string, Credentials>> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw unusable(file, reasonOf(cause));
  });
  if (bytes === undefined) return new Map();
  const config = parseConfig(bytes, file);
  const auths = config !== null && typeof config === 'object' && 'auths' in config ? config.auths : {};
  return new Map(
    Object.entries((auths ?? {}) as Record<string, unknown>).flatMap(
      ([key, entry]): Array<[string, Credentials]> => {
        const credentials = toCredentials(entry, key, file);
        return credentials === undefined ? [] : [[toHost(key), credentials]];
      },
    ),
  );
}

/** What is wrong with the file is the operator's to correct, and no sign of damage. */
function parseConfig(bytes: Uint8Array, file: string): unknown {
  try {
    return parseJson(bytes, file, { maxBytes: 1_048_576, maxDepth: 20 });
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    throw unusable(file, 'it is not valid JSON');
  }
}

function toCredentials(entry: unknown, key: string, file: string): Credentials | undefined {
  if (entry === null || typeof entry !== 'object') return undefined;
  const { auth, username, password } = entry as Record<string, unknown>;
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string' || auth === '') return undefined;
  const [name, ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  if (name === undefined || rest.length === 0)
    throw unusable(file, `its entry for ${key} is not base64 of "user:password"`);
  return { username: name, password: rest.join(':') };
}

/** `https://index.docker.io/v1/` and `registry.example.org/path` are hosts with trimmings. */
function toHost(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function unusable(file: string, why: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `the Docker config ${file} cannot be used: ${why}`,
    hint: 'correct it, or point DOCKER_CONFIG at another directory',
  });
}
