import { readFile } from 'node:fs/promises';
import { hexOf, type SizedDigest } from '@gapferry/core';
import { findPlace } from '../files/safe-place.ts';

/** Which Git LFS objects belong to a repository: its bytes are blobs of the depot, which other items may have too. */
export interface LfsListing {
  has(directory: string, object: SizedDigest): Promise<boolean>;
}

/** Repositories whose lists are remembered. */
const REMEMBERED = 1000;

/** `name`: of the list below each repository, lines of `<64 hex digits> <bytes>`; absent: there are none. Read again when the file is another one. */
export function createLfsListing(name: string | undefined): LfsListing {
  const known = new Map<string, { readonly identity: string; readonly lines: ReadonlySet<string> }>();
  return {
    async has(directory, { digest, size }) {
      const place = name === undefined ? undefined : await findPlace(directory, name.split('/'));
      if (place === undefined || !place.facts.isFile()) return false;
      const { dev, ino, size: bytes, ctimeNs } = place.facts;
      const identity = [dev, ino, bytes, ctimeNs].join(' ');
      const before = known.get(directory);
      const lines =
        before?.identity === identity
          ? before.lines
          : new Set((await readFile(place.path, 'latin1')).split('\n'));
      if (known.size >= REMEMBERED) known.clear();
      known.set(directory, { identity, lines });
      return lines.has(`${hexOf(digest)} ${size}`);
    },
  };
}
