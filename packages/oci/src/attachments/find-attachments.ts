import { type Attachment, byAttachment, type Digest, GapferryError, type Run } from '@gapferry/core';
import { together } from '../together.ts';
import type { AttachmentWord } from './attachment-words.ts';

/** An attachment and what it is. */
export interface FoundAttachment extends Attachment {
  readonly words: readonly AttachmentWord[];
}

/** Everything that belongs directly to a manifest. Throws when it could not be asked: that is never "none". */
export type LookUp = (subject: Digest, run: Run) => Promise<readonly FoundAttachment[]>;

/** Attachments of attachments of … an image's manifests. */
const DEEPEST = 4;
/** Of one image. */
export const MOST_ATTACHMENTS = 500;

interface Subject {
  readonly digest: Digest;
  /** What it is attached to, and what that is attached to. */
  readonly above: readonly Digest[];
}

/** What belongs to the manifests, to what belongs to them, and so on: each once, sorted by `byAttachment`.
 *  Throws `CONTENT_INVALID` for an attachment that belongs to itself, `LIMIT_EXCEEDED` (4 deep, 500 of them). */
export async function findAttachments(
  manifests: readonly Digest[],
  lookUp: LookUp,
  item: string,
  run: Run,
): Promise<FoundAttachment[]> {
  const asked = new Set<Digest>(manifests);
  const all: FoundAttachment[] = [];
  let level: readonly Subject[] = [...asked].map((digest) => ({ digest, above: [] }));
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST)
      throw refused(item, 'LIMIT_EXCEEDED', `its attachments have attachments, more than ${DEEPEST} deep`);
    const found = await together(level, run, async (subject, inner) =>
      (await lookUp(subject.digest, inner)).map((attachment) => requireForward(item, subject, attachment)),
    );
    all.push(...found.flat().map(({ attachment }) => attachment));
    if (all.length > MOST_ATTACHMENTS)
      throw refused(item, 'LIMIT_EXCEEDED', `it has more than ${MOST_ATTACHMENTS} attachments`);
    level = nextLevel(found.flat(), asked);
  }
  return all.sort(byAttachment);
}

interface Reached {
  readonly attachment: FoundAttachment;
  readonly above: readonly Digest[];
}

function requireForward(item: string, { digest, above }: Subject, attachment: FoundAttachment): Reached {
  const path = [...above, digest];
  if (path.includes(attachment.root.digest))
    throw refused(item, 'CONTENT_INVALID', `${attachment.root.digest} is attached to itself`);
  return { attachment, above: path };
}

function nextLevel(found: readonly Reached[], asked: Set<Digest>): readonly Subject[] {
  return found.flatMap(({ attachment: { root }, above }) => {
    if (asked.has(root.digest)) return [];
    asked.add(root.digest);
    return [{ digest: root.digest, above }];
  });
}

function refused(item: string, code: 'CONTENT_INVALID' | 'LIMIT_EXCEEDED', why: string): GapferryError {
  return new GapferryError({
    code,
    message: `${item} is refused: ${why}`,
    hint: 'choose which attachments travel with `attachments:`, or none of them',
    origin: 'source',
    data: { item },
  });
}
