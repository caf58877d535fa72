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

/** The URL of something that other addresses lie below, without slashes at its end. Throws the same, and for a query, which would stand in the middle of them. */
export function folderUrl(url: string, member: string): string {
  const whole = webUrl(url, member);
  if (new URL(whole).search === '') return whole.replace(/\/+$/, '');
  throw entryProblem('addresses below this one are asked for, so it cannot have a "?"', member);
}

/** Where a URL cannot be read nobody can tell which part of it is a password. */
function shown(url: string): string {
  return url.includes('@') ? 'what stands there' : `"${url.slice(0, 200)}"`;
}
