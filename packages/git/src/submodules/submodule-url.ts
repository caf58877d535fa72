import { GapferryError, isGapferryError, redact } from '@gapferry/core';
import { normalizeGitUrl, protocolOf } from '../git-url.ts';

/** Where a submodule comes from: the whole address, normalised; or why nobody is asked for it. */
export type SubmoduleUrl = { readonly url: string } | { readonly refused: string };

/** Reads `url` of an entry of `.gitmodules` as git does (git-submodule(1), `add`): `./` and `../` are relative to the address of the repository that the entry stands in, everything else is taken as it is.
 *  What git would take for a path of the machine that it runs on is refused, as is what `normalizeGitUrl` refuses. `parent` must be normalised. */
export function submoduleUrl(written: string, parent: string): SubmoduleUrl {
  const isRelative = /^\.\.?\//.test(written);
  if (!isRelative && isLocal(written)) return { refused: 'its URL names a directory of one machine' };
  try {
    const url = normalizeGitUrl(isRelative ? relativeTo(parent, written) : written);
    // `file:` of a relative one is that of its parent, which a line of bundle.yaml names.
    if (!isRelative && protocolOf(url) === 'file')
      return { refused: 'its URL names a directory of one machine' };
    return { url };
  } catch (error) {
    if (!isGapferryError(error, 'USAGE')) throw error;
    return { refused: redact(error.message) };
  }
}

/** git takes what has no colon before its first slash for a path. */
function isLocal(written: string): boolean {
  return !/^[^/]*:/.test(written) && !written.startsWith('-');
}

/** git's `relative_url`: each `../` takes the last part of the parent's path away. It does not lead above the host. */
function relativeTo(parent: string, written: string): string {
  const [, origin = '', path = ''] = /^([a-z]+:\/\/[^/]*)(.*)$/.exec(parent) ?? [];
  const parts = path.replace(/\/$/, '').split('/').slice(1);
  let rest = written;
  for (;;) {
    if (rest.startsWith('./')) rest = rest.slice(2);
    else if (rest.startsWith('../')) {
      if (parts.pop() === undefined) throw aboveHost(written, parent);
      rest = rest.slice(3);
    } else break;
  }
  return `${origin}/${[...parts, rest.replace(/\/$/, '')].join('/')}`;
}

function aboveHost(written: string, parent: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `the relative URL "${written.slice(0, 300)}" leads above the host of ${parent}`,
  });
}
