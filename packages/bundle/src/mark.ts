import { type Digest, GapferryError, shortDigest } from '@gapferry/core';
import type { ReleasePredicate } from './statement.ts';

/** Per site and channel: the highest release accepted so far. `statement` is absent only for a mark that a policy set by number alone, or 0. */
export interface Mark {
  readonly sequence: number;
  readonly statement?: Digest;
  readonly issuedAt?: string;
}

/** `older`: below the mark, with an override that leads from it to this release. */
export type MarkVerdict = 'newer' | 'same' | 'older';

/** Anti-rollback: a higher sequence goes on, the same statement is a re-import, anything else is refused, unless an accepted override leads from this mark to this very release.
 *  Throws `ROLLBACK` for a lower sequence and `FORK` for the mark's sequence with another statement, or the next sequence with another `previous`. */
export function judgeMark(
  mark: Mark,
  release: ReleasePredicate,
  statement: Digest,
  override?: { readonly from: Digest; readonly to: Digest },
): MarkVerdict {
  if (release.sequence < mark.sequence) {
    if (override !== undefined && override.from === mark.statement && override.to === statement)
      return 'older';
    throw rollback(mark, release, statement);
  }
  if (release.sequence > mark.sequence) {
    const broken =
      release.sequence === mark.sequence + 1 &&
      mark.statement !== undefined &&
      release.previous !== mark.statement;
    if (broken)
      throw fork(
        mark,
        release,
        `names ${release.previous === null ? 'no release' : shortDigest(release.previous)} as the one before it`,
      );
    return 'newer';
  }
  if (mark.statement !== undefined && mark.statement !== statement)
    throw fork(mark, release, `has the statement ${shortDigest(statement)}`);
  return 'same';
}

/** The mark after a release was accepted; never lower than before. */
export function raisedMark(mark: Mark | undefined, release: ReleasePredicate, statement: Digest): Mark {
  const issuedAt = [mark?.issuedAt ?? '', release.issuedAt].sort().at(-1) ?? release.issuedAt;
  if (mark !== undefined && mark.sequence > release.sequence) return { ...mark, issuedAt };
  return { sequence: release.sequence, statement, issuedAt };
}

function rollback(mark: Mark, release: ReleasePredicate, statement: Digest): GapferryError {
  return new GapferryError({
    code: 'ROLLBACK',
    message: `release ${release.version} (number ${release.sequence} of channel ${release.channel}) is older than number ${mark.sequence}, which this site has accepted already`,
    hint: 'an older release could bring back what was fixed since: collect a new release outside instead',
    origin: 'medium',
    data: {
      channel: release.channel,
      sequence: release.sequence,
      statement,
      mark: mark.sequence,
      accepted: mark.statement,
    },
  });
}

function fork(mark: Mark, release: ReleasePredicate, how: string): GapferryError {
  const accepted = mark.statement === undefined ? 'another' : shortDigest(mark.statement);
  return new GapferryError({
    code: 'FORK',
    message: `channel ${release.channel} has two histories: number ${release.sequence} ${how}, but this site has accepted number ${mark.sequence} with the statement ${accepted}`,
    hint: 'two depots numbered this channel, or somebody used the signing key: find out which; then set `mark:` in the next version of the trust policy',
    origin: 'medium',
    data: {
      channel: release.channel,
      sequence: release.sequence,
      mark: mark.sequence,
      accepted: mark.statement,
    },
  });
}
