import { type Digest, GapferryError } from '@gapferry/core';
import { versionSchema } from './schemas.ts';

/** The last sealed release of a channel, as the depot's ledger knows it. */
export interface LastRelease {
  readonly sequence: number;
  readonly statement: Digest;
  readonly manifest: Digest;
}

/** How the operator numbers the first release of a depot without history. */
export type Numbering =
  | { readonly kind: 'continue' }
  | { readonly kind: 'first' }
  | { readonly kind: 'after'; readonly release: Pick<LastRelease, 'sequence' | 'statement'> };

/** Number and predecessor of the next release; pure. A depot that has no release of the channel refuses to guess (`FIRST_RELEASE_UNCLEAR`), because two depots that both begin at 1 make a fork. */
export function nextRelease(
  channel: string,
  last: LastRelease | undefined,
  numbering: Numbering,
): { readonly sequence: number; readonly previous: Digest | null } {
  if (last !== undefined) {
    if (numbering.kind === 'first')
      throw unclear(
        `channel ${channel} has release number ${last.sequence} in this depot already`,
        'leave out --first',
      );
    if (
      numbering.kind === 'after' &&
      (numbering.release.sequence !== last.sequence || numbering.release.statement !== last.statement)
    )
      throw unclear(
        `--after names number ${numbering.release.sequence}, but number ${last.sequence} is the last of channel ${channel} in this depot`,
        'leave out --after: the depot knows its own history',
      );
    return { sequence: last.sequence + 1, previous: last.statement };
  }
  if (numbering.kind === 'first') return { sequence: 1, previous: null };
  if (numbering.kind === 'after')
    return { sequence: numbering.release.sequence + 1, previous: numbering.release.statement };
  throw unclear(
    `this depot has no release of channel ${channel}, and a site that has one already would refuse another number 1`,
    'say --first when the channel is new, or --after <release> with the last release that was made elsewhere',
  );
}

/** A version as somebody typed it. Throws `USAGE` for what a manifest cannot carry. */
export function requireVersion(text: string): string {
  const parsed = versionSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new GapferryError({
    code: 'USAGE',
    message: `"${text.slice(0, 200)}" is not a version: it ${parsed.error.issues[0]?.message}`,
    hint: 'write it like 1.4.0',
  });
}

function unclear(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'FIRST_RELEASE_UNCLEAR', message, hint, origin: 'depot' });
}
