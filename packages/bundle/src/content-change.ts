import { contentOf } from './content-of-item.ts';
import type { Item } from './manifest.ts';

/** What changes in how fresh content is. Absent members stayed; absent sides have none. */
export interface ContentChange {
  /** Of when it is on either side, RFC 3339. */
  readonly dated?: Sides<string>;
  /** How old it may be, in whole seconds. */
  readonly mayBe?: Sides<number>;
  /** Until when its maker calls it good, RFC 3339. */
  readonly until?: Sides<string>;
}

interface Sides<T> {
  readonly from?: T;
  readonly to?: T;
}

export function contentChange(was: Item | undefined, is: Item): ContentChange {
  const before = was && contentOf(was);
  const after = contentOf(is);
  return {
    ...change('dated', before?.updated, after?.updated),
    // What an item may be, that nobody could compare before, is no change.
    ...(before !== undefined && after !== undefined && change('mayBe', before.maxAge, after.maxAge)),
    ...(before !== undefined && after !== undefined && change('until', before.until, after.until)),
  };
}

function change<N extends string, T>(
  name: N,
  from: T | undefined,
  to: T | undefined,
): { readonly [K in N]?: Sides<T> } {
  if (from === to) return {};
  const sides = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  return { [name]: sides } as { readonly [K in N]: Sides<T> };
}
