import { GapferryError } from '@gapferry/core';

/** Rounds from one repository to what it points to, and on from there; items that content alone brings into a release; renderings of charts, and entries of repositories, that are looked into. */
export const FOLLOW_LIMITS = { rounds: 20, items: 1_000, looks: 10_000 } as const;

export function tooMuchToFollow(message: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message,
    hint: 'leave out "images: discover" of the repository where it begins, say "submodules: none" there, or say under "waivers" what is not needed',
  });
}

export function requireRoomToLook(looks: number): void {
  if (looks > FOLLOW_LIMITS.looks)
    throw tooMuchToFollow(`repositories point to things in more than ${FOLLOW_LIMITS.looks} different ways`);
}
