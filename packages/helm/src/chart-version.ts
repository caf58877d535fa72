import { GapferryError } from '@gapferry/core';
import semver, { type SemVer } from 'semver';

const LOOSE =
  /^v?(0|[1-9]\d{0,15})(?:\.(0|[1-9]\d{0,15}))?(?:\.(0|[1-9]\d{0,15}))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** A version as Helm reads it (Masterminds/semver `NewVersion`): `v` in front and missing parts are allowed. */
export function parseVersion(text: string): SemVer | undefined {
  const match = text.length > 256 ? null : LOOSE.exec(text);
  if (match === null) return undefined;
  const [, major, minor = '0', patch = '0', pre = '', build = ''] = match;
  return semver.parse(`${major}.${minor}.${patch}${pre}${build}`) ?? undefined;
}

export function isValidVersion(text: string): boolean {
  return parseVersion(text) !== undefined;
}

/** Is this one version and no range? */
export function isExactVersion(text: string): boolean {
  return semver.valid(text) === text.replace(/\+.*$/, '') && !text.startsWith('v');
}

/** The newest of `versions` that the wish takes: the very text first, then Helm's ranges. `undefined` when there is none. Throws `USAGE` for a range that Helm does not know. */
export function newestVersion(versions: readonly string[], wanted: string): string | undefined {
  if (versions.includes(wanted)) return wanted;
  const matches = parseRange(wanted);
  const fitting = versions.flatMap((text) => {
    const version = parseVersion(text);
    return version !== undefined && matches(version) ? [{ text, version }] : [];
  });
  return fitting.sort((a, b) => semver.compareBuild(b.version, a.version) || (a.text < b.text ? -1 : 1))[0]
    ?.text;
}

interface Constraint {
  readonly operator: string;
  readonly version: SemVer;
  /** How many of major, minor, patch are written; the others are wildcards. */
  readonly given: number;
}

const OPERATOR = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^';
const PART = '[0-9]+|[xX*]';
const VERSION = `v?(?:${PART})(?:\\.(?:${PART}))?(?:\\.(?:${PART}))?(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?`;
const ONE = new RegExp(`^(!=|>=|=>|<=|=<|~>|=|>|<|~|\\^|)\\s*(${VERSION})$`);
const TERM = new RegExp(`(?:${OPERATOR})\\s*(?:${VERSION})`, 'g');
const ALTERNATIVE = new RegExp(
  `^\\s*(?:${OPERATOR})\\s*(?:${VERSION})\\s*(?:(?:\\s+|,\\s*)(?:${OPERATOR})\\s*(?:${VERSION})\\s*)*$`,
);
const HYPHEN = new RegExp(`(${VERSION})\\s+-\\s+(${VERSION})`, 'g');

/** Helm's ranges (Masterminds/semver 3.3 `NewConstraint`), which differ from npm's: a comma means and, `!=` exists, and a term takes a pre-release only when it has one itself, then of any version. */
export function parseRange(text: string): (version: SemVer) => boolean {
  if (text.length > 256) throw unknownRange(text);
  if (text.trim() === '') return parseRange('*');
  // One space between terms: with more there are too many ways to read a range that is none.
  const alternatives = text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(HYPHEN, '>= $1, <= $2')
    .split('||')
    .map((alternative) => {
      if (!ALTERNATIVE.test(alternative)) throw unknownRange(text);
      return (alternative.match(TERM) ?? []).map((term) => parseConstraint(term.trim(), text));
    });
  return (version) =>
    alternatives.some((constraints) => constraints.every((constraint) => accepts(constraint, version)));
}

function parseConstraint(term: string, text: string): Constraint {
  const [, operator = '', written = ''] = ONE.exec(term) ?? [];
  const [, numbers = '', pre = ''] = /^v?([^-+]*)(-[^+]*)?/.exec(written) ?? [];
  const parts = numbers.split('.');
  const wildcard = parts.findIndex((part) => /^[xX*]$/.test(part));
  const given = wildcard < 0 ? parts.length : wildcard;
  const version = semver.parse(
    [0, 1, 2].map((index) => (index < given ? parts[index] : '0')).join('.') + pre,
  );
  if (version === null) throw unknownRange(text);
  return { operator, version, given };
}

type Rule = (version: SemVer, wanted: SemVer, given: number) => boolean;

const RULES: Readonly<Record<string, Rule>> = {
  '': (version, wanted, given) => (given < 3 ? tilde(version, wanted, given) : semver.eq(version, wanted)),
  '!=': (version, wanted, given) =>
    !(given < 3
      ? sameParts(version, wanted, given) && (given < 2 || version.comparePre(wanted) === 0)
      : semver.eq(version, wanted)),
  '>': (version, wanted, given) =>
    given < 3 ? compareParts(version, wanted, given) > 0 : semver.gt(version, wanted),
  '<': (version, wanted) => semver.lt(version, wanted),
  '>=': (version, wanted) => semver.gte(version, wanted),
  '<=': (version, wanted, given) =>
    given < 3 ? compareParts(version, wanted, given) <= 0 : semver.lte(version, wanted),
  '~': tilde,
  '^': caret,
};

const SPELLINGS: Readonly<Record<string, string>> = { '=': '', '=>': '>=', '=<': '<=', '~>': '~' };

function accepts({ operator, version: wanted, given }: Constraint, version: SemVer): boolean {
  if (version.prerelease.length > 0 && wanted.prerelease.length === 0 && !(operator === '!=' && given === 3))
    return false;
  return RULES[SPELLINGS[operator] ?? operator]?.(version, wanted, given) ?? false;
}

function tilde(version: SemVer, wanted: SemVer, given: number): boolean {
  if (semver.lt(version, wanted)) return false;
  const anything =
    given !== 1 && given !== 2 && wanted.major === 0 && wanted.minor === 0 && wanted.patch === 0;
  return anything || sameParts(version, wanted, Math.min(given, 2));
}

/** The leftmost part that is not zero stays. */
function caret(version: SemVer, wanted: SemVer, given: number): boolean {
  if (semver.lt(version, wanted)) return false;
  if (given === 0) return true;
  if (wanted.major > 0 || given === 1) return sameParts(version, wanted, 1);
  return sameParts(version, wanted, wanted.minor > 0 || given === 2 ? 2 : 3);
}

function sameParts(version: SemVer, wanted: SemVer, count: number): boolean {
  return compareParts(version, wanted, count) === 0;
}

function compareParts(version: SemVer, wanted: SemVer, count: number): number {
  const differences = [
    version.major - wanted.major,
    version.minor - wanted.minor,
    version.patch - wanted.patch,
  ];
  return differences.slice(0, count).find((difference) => difference !== 0) ?? 0;
}

function unknownRange(text: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `"${text.slice(0, 100)}" is neither a version nor a range`,
    hint: 'write 1.2.3, ^4, ~1.8, 1.x, or >=1.2 <2',
  });
}
