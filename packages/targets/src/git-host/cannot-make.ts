import { GapferryError } from '@gapferry/core';

/** A place at a host that is not there and that the user of the target cannot make. `what`: the host's word for a repository. */
export function cannotMake(
  what: 'repository' | 'project',
  { path, why, hint }: { readonly path: string; readonly why: string; readonly hint: string },
): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `there is no ${what} ${path} at the host, and it cannot be made: ${why}`,
    hint,
    data: { path },
  });
}
