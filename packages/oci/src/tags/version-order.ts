import semver, { type SemVer } from 'semver';

/** The version that a tag is: three numbers without leading zeros, perhaps a pre-release, perhaps `v` in front (semver.org 2.0.0). Undefined for others: `1.27` is what moves along `1.27.*`. */
export function tagVersion(tag: string): SemVer | undefined {
  return semver.parse(tag.replace(/^v(?=\d)/, '')) ?? undefined;
}

/** Highest version first (semver precedence); tags that are no version after them, those with the higher numbers first: `3.20` before `3.9`, `20250102` before `20241231`. */
export function byVersion(a: string, b: string): number {
  const [one, other] = [tagVersion(a), tagVersion(b)];
  if (one !== undefined && other !== undefined) return semver.compare(other, one) || byText(a, b);
  if (one === undefined && other === undefined) return byNumbers(b, a) || byText(a, b);
  return one === undefined ? 1 : -1;
}

/** Runs of digits as numbers, everything else by code units. */
function byNumbers(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = comparePart(left[at] ?? '', right[at] ?? '');
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function partsOf(tag: string): string[] {
  return tag.match(/\d+|\D+/g) ?? [];
}

function comparePart(a: string, b: string): number {
  if (!/^\d/.test(a) || !/^\d/.test(b)) return byText(a, b);
  const [one, other] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  return one.length - other.length || byText(one, other);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
