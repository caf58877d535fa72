import { dirname, join } from 'node:path';
import { type FileWish, GapferryError, type Sources, wishDigest } from '@gapferry/core';
import type { RemoteOptions } from '@gapferry/git';
import type { Credentials, HttpClient } from '@gapferry/http';
import type { AskRepository, S3Credentials } from '@gapferry/objects';
import { fileLookupCache } from './file-lookup-cache.ts';
import type { BundleFiles } from './read-bundle.ts';
import { readFileVerifiers } from './read-file-keys.ts';

export interface OpenFiles extends Pick<BundleFiles, 'config' | 'file' | 'lock'> {
  readonly http: HttpClient;
  /** The depot: what was read to find out what it is, and what is remembered of it, lies in its `work` folder. */
  readonly directory: string;
  /** Ids of files that may be another than the lock says they were when they were first seen. */
  readonly accepted?: readonly string[];
  readonly remote: Pick<RemoteOptions, 'credentials' | 'insecure'>;
}

/** Files by URL and of this machine. Throws `USAGE` for an accepted name that no file with `check: first-seen` in the lock has, and what reading keys throws. */
export async function openFiles({
  http,
  config,
  file,
  lock,
  directory,
  accepted = [],
  remote,
}: OpenFiles): Promise<Sources['file']> {
  const { fileSource, seenKey } = await import('@gapferry/objects');
  const wishes = config.wishes.filter((wish) => wish.kind === 'file');
  const watched = new Set(wishes.filter(isWatched).map(wishDigest));
  const pinned = (lock?.pins ?? []).flatMap((pin) => (pin.kind === 'file' && 'url' in pin ? [pin] : []));
  const seen = pinned.filter(({ wish }) => watched.has(wish));
  requireSeen(accepted, seen, file);
  return fileSource(http, {
    directory: dirname(file),
    wishes,
    verifiers: await readFileVerifiers(wishes, file),
    seen: new Map(
      seen
        .filter(({ id }) => !accepted.includes(id))
        .map((pin) => [seenKey(pin), 'files' in pin ? pin.files : pin.sha256]),
    ),
    locked: new Map(pinned.flatMap((pin) => ('files' in pin ? [] : [[seenKey(pin), pin] as const]))),
    mirrors: new Map([...config.hosts].map(([host, { mirrors }]) => [host, mirrors])),
    askRepository: await askRepository(config, remote),
    credentials: async (host) => toKeys(await remote.credentials?.(host)),
    workDirectory: join(directory, 'work', 'files'),
    lookups: fileLookupCache(join(directory, 'work', 'lookups')),
  });
}

function isWatched(wish: FileWish): boolean {
  return 'check' in wish && wish.check === 'first-seen';
}

function requireSeen(
  accepted: readonly string[],
  seen: readonly { readonly id: string }[],
  file: string,
): void {
  const unknown = accepted.find((name) => !seen.some(({ id }) => id === name));
  if (unknown === undefined) return;
  const names = seen.map(({ id }) => id);
  throw new GapferryError({
    code: 'USAGE',
    message: `the lock has no file ${unknown} with "check: first-seen" in ${file}`,
    hint: `--accept takes the name of a file as the lock has it${names.length === 0 ? '' : `: ${names.slice(0, 10).join(', ')}`}`,
  });
}

/** Which API a host has stands under `hosts`, unless everybody knows it. */
async function askRepository(
  { hosts }: BundleFiles['config'],
  remote: OpenFiles['remote'],
): Promise<AskRepository> {
  const apis = new Map(
    [...hosts].flatMap(([host, { api }]) => (api === undefined ? [] : [[host, api] as const])),
  );
  const { apiQuestion } = await import('@gapferry/git');
  return (url) => apiQuestion(url, apis, remote);
}

/** An access key and its secret stand as user name and password in the Docker config. */
function toKeys(found: Credentials | undefined): S3Credentials | undefined {
  if (found === undefined || !('username' in found)) return undefined;
  return { accessKeyId: found.username, secretAccessKey: found.password };
}
