import { shortRefName } from './ref-name.ts';

/** Does a full ref name fit what bundle.yaml or a policy says of refs: a short name (`main`, which fits a branch and a tag), a full name, either with `*` for any characters (`/` included), or `HEAD` for `head`, the default branch? */
export function matchesRef(name: string, pattern: string, head: string | undefined): boolean {
  if (pattern === 'HEAD') return name === head;
  const subject = pattern.startsWith('refs/') ? name : (shortRefName(name) ?? name);
  return matchesWildcard(subject, pattern.split('*'));
}

/** Linear in the length of the text, unlike a regular expression made from the pattern. */
function matchesWildcard(text: string, [first = '', ...rest]: readonly string[]): boolean {
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
