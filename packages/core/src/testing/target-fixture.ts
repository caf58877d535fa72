import { expect } from 'vitest';
import {
  type BlobReader,
  type FileName,
  type GitContent,
  type GitRefs,
  type OciTag,
  quietRun,
  type SizedDigest,
  type Target,
} from '../index.ts';
import { memoryMedium } from './target-loads.ts';

/** A fresh, empty target. */
export interface TargetFixture {
  readonly target: Target;
  /** Two states of one repository, for a target that takes Git: the second moves a ref of the first and adds one. */
  readonly git?: { readonly first: TargetGitState; readonly second: TargetGitState };
  /** Does the target take files? */
  readonly files: boolean;
  /** `manifests` for a target that hashes blobs when they come in and keeps them itself: its barrier reads manifests back, and asks for blobs only whether they are there. */
  readonly readsBack?: 'everything' | 'manifests';
  /** Changes or removes bytes behind the target's back. */
  spoil(blob: SizedDigest, how: 'damage' | 'remove'): Promise<void>;
  close(): Promise<void>;
}

export interface TargetGitState {
  readonly content: GitContent;
  readonly refs: GitRefs;
  /** Has the packs that `content` names. */
  readonly medium: BlobReader;
}

export type GetFixture = () => TargetFixture;

/** `load` is not what the plan saw: it is refused, and `untouched` stays as it was. */
export async function expectConflict(
  target: Target,
  load: OciTag | GitRefs | FileName,
  untouched: OciTag | GitRefs | FileName,
): Promise<void> {
  await expect(target.load(load, memoryMedium([]), quietRun())).rejects.toMatchObject({
    code: 'TARGET_CONFLICT',
  });
  expect(await target.inspect(untouched, quietRun())).toEqual({ state: 'same' });
}
