import {
  formatImageReference,
  type ImagePlace,
  type ImageReference,
  type ImageWish,
  isDigest,
  isGapferryError,
  parseImageReference,
  repositoryOf,
} from '@gapferry/core';
import { z } from 'zod';
import { type AttachmentEntry, attachmentEntry, toAttachmentChoice } from './attachment-entry.ts';
import { entryProblem } from './entry-problem.ts';
import { entryPath, entryText, platformList, sortedUnique, withHint } from './entry-schemas.ts';
import { type TagEntry, tagEntry, toTagChoice } from './tag-entry.ts';
import { demandsOn, type UpstreamEntry, type VerifyEntry, verifyEntry } from './upstream-entry.ts';

/** One of `images` in bundle.yaml. */
export type ImageEntry = string | RegistryEntry | PlaceEntry;

interface Choices {
  readonly platforms?: readonly string[] | undefined;
  readonly attestations?: 'keep' | 'drop' | undefined;
  readonly attachments?: AttachmentEntry | undefined;
  readonly verify?: VerifyEntry | undefined;
}

interface RegistryEntry extends Choices {
  readonly ref: string;
  readonly tags?: TagEntry | undefined;
}

interface PlaceEntry extends Choices {
  readonly from: string;
  readonly select?: string | undefined;
  readonly as: string;
}

const choices = {
  platforms: platformList.optional(),
  attestations: z.enum(['keep', 'drop']).optional(),
  attachments: attachmentEntry.optional(),
  verify: verifyEntry.optional(),
};

export const imageEntry: z.ZodType<ImageEntry> = z.union([
  entryText,
  z.strictObject({ ref: entryText, tags: tagEntry.optional(), ...choices }),
  z.strictObject({ from: entryPath, select: entryText.optional(), as: entryText, ...choices }),
]);

/** What the rest of bundle.yaml says of every image. */
export interface ImageDefaults {
  readonly platforms: readonly string[];
  readonly upstream: readonly UpstreamEntry[];
}

/** Throws a `CONFIG_INVALID` or `REFERENCE_INVALID` that `entryProblem` describes. */
export function toImageWish(written: ImageEntry, defaults: ImageDefaults): ImageWish {
  if (typeof written === 'string') {
    parseImageReference(written);
    return toImageWish({ ref: written }, defaults);
  }
  const { ref, place } = 'from' in written ? fromPlace(written) : fromRegistry(written);
  const pinned = ref.digest !== undefined || (place?.select !== undefined && isDigest(place.select));
  const verify = demandsOn(repositoryOf(ref), written.verify, defaults.upstream);
  if (written.attachments === 'none' && verify.verify !== undefined)
    throw entryProblem('none would leave the signatures behind that are to be verified', 'attachments');
  return {
    kind: 'image',
    ref: formatImageReference(ref),
    // A digest means that very thing with all it has, unless the entry itself says otherwise.
    platforms: sortedUnique(written.platforms ?? (pinned ? [] : defaults.platforms)),
    ...('tags' in written && written.tags !== undefined && { tags: toTagChoice(written.tags) }),
    ...(written.attestations === 'drop' && { attestations: 'drop' }),
    ...toAttachmentChoice(written.attachments),
    ...verify,
    ...(place && { from: place }),
  };
}

function fromRegistry({ ref, tags }: RegistryEntry): { ref: ImageReference; place?: ImagePlace } {
  const reference = toReference(ref, 'ref');
  if (tags === undefined) return { ref: reference };
  if (/@|:[^/]*$/.test(ref))
    throw entryProblem('with "tags", "ref" names a repository: leave out tag and digest', 'ref');
  return { ref: { host: reference.host, path: reference.path } };
}

function fromPlace({ from, select, as }: PlaceEntry): { ref: ImageReference; place: ImagePlace } {
  return {
    ref: toReference(as, 'as'),
    place: { path: from, ...(select !== undefined && { select }) },
  };
}

function toReference(text: string, member: string): ImageReference {
  try {
    return parseImageReference(text);
  } catch (error) {
    throw isGapferryError(error) ? entryProblem(withHint(error), member) : error;
  }
}
