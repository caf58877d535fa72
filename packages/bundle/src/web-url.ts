import { redact } from '@gapferry/core';
import { entryProblem } from './entry-problem.ts';

/** An http: or https: URL of bundle.yaml without fragment. `member`: where it stands. Throws what `entryProblem` makes; secrets are refused and not repeated. */
export function webUrl(url: string, member: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw entryProblem(`${shown(url)} is not an http:// or https:// URL`, member);
  if (redact(parsed.href) !== parsed.href)
    throw entryProblem('a URL must not carry credentials; give them by Docker config or environment', member);
  parsed.hash = '';
  return parsed.href;
}

/** Where a URL cannot be read nobody can tell which part of it is a password. */
function shown(url: string): string {
  return url.includes('@') ? 'what stands there' : `"${url.slice(0, 200)}"`;
}
