import { GapferryError, type GitRef, isGapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { isRepository } from '../bare-repository.ts';
import type { RemoteSurroundings } from '../git-remote.ts';
import type { Git } from '../git-tool.ts';
import { readAdvertisement } from './advertisement.ts';
import { directoryOf } from './file-place.ts';
import { fromTarget } from './push-failure.ts';

/** Every ref that a remote shows, whatever its name, and the branch that HEAD points to. */
export interface RemoteRefs {
  readonly refs: readonly GitRef[];
  readonly head?: string;
}

/** 64 MiB: about half a million refs. */
const MAX_BYTES = 67_108_864;
const LINE = /^([0-9a-f]{40}|[0-9a-f]{64})\t(refs\/\S+)$/;

/** Asks a target for its refs. Undefined where there is no repository. */
export async function readRemoteRefs(
  git: Git,
  url: string,
  remote: RemoteSurroundings,
  run: Run,
): Promise<RemoteRefs | undefined> {
  if (remote.protocol === 'file' && !(await isRepository(directoryOf(url)))) return undefined;
  const args = ['ls-remote', '--symref', '--', url];
  try {
    const { text } = await git.run({ ...remote, doing: `list the refs of ${url}`, args }, run, MAX_BYTES);
    return parseRefs(text, url);
  } catch (error) {
    if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return undefined;
    throw fromTarget(error, 'read');
  }
}

/** The same with one request of our own, where git's helper makes two or three and is a process for each repository. Undefined where there is no repository. */
export async function askForRefs(http: HttpClient, url: string, run: Run): Promise<RemoteRefs | undefined> {
  try {
    const shown = await readAdvertisement(http, url, 'git-upload-pack', run);
    const head = shown.capabilities
      .find((one) => one.startsWith('symref=HEAD:refs/heads/'))
      ?.slice('symref=HEAD:'.length);
    const refs = [...shown.refs].map(([name, oid]) => ({ name, oid }));
    requireOneFormat(refs, url);
    return { refs, ...(head !== undefined && { head }) };
  } catch (error) {
    if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return undefined;
    throw fromTarget(error, 'read');
  }
}

/** Peeled tags (`^{}`) are left out: no ref is named so. */
export function parseRefs(text: string, place: string): RemoteRefs {
  const refs: GitRef[] = [];
  let head: string | undefined;
  for (const line of text.split('\n')) {
    const [, oid, name] = LINE.exec(line) ?? [];
    if (oid !== undefined && name !== undefined && !name.endsWith('^{}')) refs.push({ name, oid });
    head ??= /^ref: (refs\/heads\/\S+)\tHEAD$/.exec(line)?.[1];
  }
  requireOneFormat(refs, place);
  return { refs, ...(head !== undefined && { head }) };
}

function requireOneFormat(refs: readonly GitRef[], place: string): void {
  if (new Set(refs.map(({ oid }) => oid.length)).size > 1)
    throw new GapferryError({
      code: 'PROTOCOL_VIOLATION',
      origin: 'target',
      message: `${place} mixes sha1 and sha256 object ids`,
    });
}
