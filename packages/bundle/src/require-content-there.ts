import { GapferryError, type Presence } from '@gapferry/core';
import type { ItemLoads } from './import-loads.ts';
import { describeItem } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';

/** What is there of the content of an item's load. */
type Surveyed = ItemLoads & { readonly contentPresence?: Presence };

/** Of a release that is here without its blobs everything must be at its targets. Git objects are no exception at the end: what a host lacks of them is unpacked and proved from packs that the site keeps, or nothing of it is sent.
 *  Throws `BLOB_MISSING`, naming what lacks. */
export function requireContentThere({ release }: TrustedManifest, surveyed: readonly Surveyed[]): void {
  const lacking = surveyed.filter(isLacking);
  if (lacking.length === 0) return;
  const lines = lacking.slice(0, 10).map(({ item, target }) => `${describeItem(item)} at target ${target}`);
  const more = lacking.length > 10 ? `; and ${lacking.length - 10} more` : '';
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `content of release ${release.version} (${release.channel}/${release.sequence}) that was read back before is not there any more: ${lines.join('; ')}${more}`,
    hint: `no name was set; find out who removed it, then run "gapferry import" from the medium of that release: it sends only what is missing`,
    origin: 'target',
    data: {
      items: lacking.slice(0, 1000).map(({ item, target }) => ({ item: describeItem(item), target })),
    },
  });
}

function isLacking({ content, contentPresence }: Surveyed): boolean {
  if (contentPresence === undefined || contentPresence.state === 'same') return false;
  return content?.kind !== 'git' || contentPresence.lfs !== undefined;
}
