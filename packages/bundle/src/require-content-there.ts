import { GapferryError, type Presence } from '@gapferry/core';
import type { ItemLoads } from './import-loads.ts';
import { describeItem } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';

/** What is there of the content of an item's load. */
type Surveyed = ItemLoads & { readonly contentPresence?: Presence };

/** Of a release that is here without its blobs everything must be at its targets. Git objects are no exception at the end: what a host lacks of them is unpacked and proved from packs that the site keeps, or nothing of it is sent.
 *  Throws `BLOB_MISSING`, naming what lacks. */
export function requireContentThere(opened: TrustedManifest, surveyed: readonly Surveyed[]): void {
  const { release } = opened;
  const lacking = surveyed.filter(isLacking);
  if (lacking.length === 0) return;
  const lines = lacking.slice(0, 10).map(({ item, target }) => `${describeItem(item)} at target ${target}`);
  const more = lacking.length > 10 ? `; and ${lacking.length - 10} more` : '';
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `content of release ${release.version} (${release.channel}/${release.sequence}) that was read back before is not there any more: ${lines.join('; ')}${more}`,
    hint: `no name was set; ${whyGone(lacking)}; ${nextStep(opened)}`,
    origin: 'target',
    data: {
      items: lacking.slice(0, 1000).map(({ item, target }) => ({ item: describeItem(item), target })),
    },
  });
}

/** Files have been let go by imports themselves, most likely. */
function whyGone(lacking: readonly Surveyed[]): string {
  return lacking.every(({ content }) => content?.kind === 'file')
    ? 'later releases replace files that keep their paths, and `keep` and `prune` let older ones go; where it was neither, find out who did it'
    : 'find out who removed it';
}

function nextStep({ release, override }: TrustedManifest): string {
  const { channel, sequence } = release;
  const order = override === undefined ? '' : ', with the same --override';
  return `run "gapferry import DIR --to ${channel}/${sequence}" from the medium of that release${order}: it sends only what is missing`;
}

function isLacking({ content, contentPresence }: Surveyed): boolean {
  if (contentPresence === undefined || contentPresence.state === 'same') return false;
  return content?.kind !== 'git' || contentPresence.lfs !== undefined;
}
