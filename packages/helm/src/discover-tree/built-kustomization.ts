import type { FindingPlace, ReferenceFinding } from '@gapferry/core';
import type { Fields } from './fields.ts';
import type { Resource } from './resource.ts';

/** A kustomization as it would be built, as far as images go. */
export interface BuiltKustomization {
  /** Of the kustomizations it is made of. */
  readonly directories: readonly string[];
  readonly resources: readonly Resource[];
  readonly references: readonly ReferenceFinding[];
  /** Patches of objects that come from charts and remote bases, which are not looked into. */
  readonly loose: readonly LoosePatch[];
  /** Overrides that may apply to such objects. */
  readonly overrides: readonly LooseOverride[];
  /** Members that may write image names and are not followed, each with its file. */
  readonly notFollowed: readonly { readonly file: string; readonly message: string }[];
}

export interface LoosePatch {
  readonly patch: Fields;
  readonly file: string;
}

export interface LooseOverride {
  readonly reference: string;
  readonly place: FindingPlace;
}
