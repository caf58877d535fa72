import { GapferryError, type GitRef, type Run } from '@gapferry/core';
import type { Advertisement } from './choose-refs.ts';
import type { RemoteSurroundings } from './git-remote.ts';
import type { Git } from './git-tool.ts';

/** 64 MiB: about half a million refs. */
const MAX_BYTES = 67_108_864;
const LINE = /^([0-9a-f]{40}|[0-9a-f]{64})\t(refs\/(?:heads|tags)\/.+)$/;

/** Asks a remote for its branches, tags and HEAD. Peeled tags (`^{}`) and all other refs are left out. */
export async function listRefs(
  git: Git,
  url: string,
  remote: RemoteSurroundings,
  run: Run,
): Promise<Advertisement> {
  const args = ['ls-remote', '--symref', '--', url, 'HEAD', 'refs/heads/*', 'refs/tags/*'];
  const { text } = await git.run({ ...remote, doing: `list the refs of ${url}`, args }, run, MAX_BYTES);
  return parseAdvertisement(text, url);
}

export function parseAdvertisement(text: string, place: string): Advertisement {
  const refs: GitRef[] = [];
  let head: string | undefined;
  for (const line of text.split('\n')) {
    const [, oid, name] = LINE.exec(line) ?? [];
    if (oid !== undefined && name !== undefined && !name.endsWith('^{}')) refs.push({ name, oid });
    head ??= /^ref: (refs\/heads\/.+)\tHEAD$/.exec(line)?.[1];
  }
  if (new Set(refs.map(({ oid }) => oid.length)).size > 1)
    throw new GapferryError({
      code: 'PROTOCOL_VIOLATION',
      origin: 'source',
      message: `${place} mixes sha1 and sha256 object ids`,
    });
  return { refs, ...(head !== undefined && { head }) };
}
