import { GapferryError, type Target } from '@gapferry/core';

/** Throws `INTERNAL` when the site's rules name a target that was not wired. */
export function requireTarget(targets: ReadonlyMap<string, Target>, name: string): Target {
  const target = targets.get(name);
  if (target !== undefined) return target;
  throw new GapferryError({ code: 'INTERNAL', message: `there is no target named ${name}` });
}
