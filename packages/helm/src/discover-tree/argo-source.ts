import type { GitRevision } from '@gapferry/core';
import { textAt, type Value } from './fields.ts';
import type { LocatedObject, Surroundings } from './located-object.ts';

/** One source of an Application, and what it may refer to. */
export interface SourceContext {
  readonly application: LocatedObject;
  readonly source: Value;
  readonly sources: readonly Value[];
  readonly path: string;
  readonly surroundings: Surroundings;
}

/** `HEAD` is what upstream has as its default branch. */
export function revisionOf(source: Value): { revision?: GitRevision } {
  const revision = textAt(source, 'targetRevision');
  return revision === undefined || revision === 'HEAD' ? {} : { revision: { as: 'name', text: revision } };
}
