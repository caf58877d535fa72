import { GapferryError, nearestName, type TagChoice } from '@gapferry/core';
import semver from 'semver';
import { matchTags } from './match-tags.ts';
import { byVersion, tagVersion } from './version-order.ts';

/** Tags under which registries and cosign keep what belongs to a manifest: the fallback tag of referrers, and signatures, attestations, SBOMs. */
const ATTACHED = /^sha256-[0-9a-f]{64}(?:\.|$)/;

/** The tags that fit `semver` and `match`, highest version first. What is found under names of digests is no candidate. Throws `REFERENCE_INVALID`, `LIMIT_EXCEEDED`. */
export function candidateTags(tags: readonly string[], choice: TagChoice): string[] {
  const own = tags.filter((tag) => !ATTACHED.test(tag));
  const matching = choice.match === undefined ? own : matchTags(own, choice.match);
  const range = choice.semver === undefined ? undefined : toRange(choice.semver);
  const fitting = matching.filter((tag) => range === undefined || isIn(range, tag));
  return [...new Set(fitting)].sort(byVersion);
}

function toRange(text: string): semver.Range {
  try {
    return new semver.Range(text.slice(0, 1000));
  } catch (cause) {
    throw new GapferryError({
      code: 'REFERENCE_INVALID',
      message: `"${text.slice(0, 100)}" is not a range of versions`,
      hint: 'write ~1.8, ^2, 1.x or >=1.2 <2',
      cause,
    });
  }
}

/** Pre-releases only where the range names one of the same version (node-semver). */
function isIn(range: semver.Range, tag: string): boolean {
  const version = tagVersion(tag);
  return version !== undefined && range.test(version);
}

/** Says what there is: the tags that were probably meant, and the newest. `wanted`: the tags that are not there, or a choice that none fits. `tags` undefined: they could not be listed. */
export function noSuchTags(
  repository: string,
  wanted: readonly string[] | TagChoice,
  tags: readonly string[] | undefined,
): GapferryError {
  const missing = isNames(wanted) ? wanted : [];
  const own = (tags ?? []).filter((tag) => !ATTACHED.test(tag)).sort(byVersion);
  const meant = missing.flatMap((name) => nearestName(name, own) ?? []);
  const shown = [...new Set([...meant, ...own])].slice(0, 8);
  const rule = isNames(wanted) || wanted.semver === undefined || own.some(isVersion) ? '' : PARTIAL;
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    message: `${repository} has no tag ${isNames(wanted) ? wanted.join(', ') : describeChoice(wanted)}`,
    ...(tags && { hint: `${offer(shown, own.length)}${rule}` }),
    origin: 'source',
    data: { repository, offered: shown, ...(missing.length > 0 && { missing }) },
  });
}

const PARTIAL = '; a range counts whole versions alone, such as 1.27.3: choose others with "match"';

function isNames(wanted: readonly string[] | TagChoice): wanted is readonly string[] {
  return Array.isArray(wanted);
}

function isVersion(tag: string): boolean {
  return tagVersion(tag) !== undefined;
}

function offer(shown: readonly string[], count: number): string {
  if (count === 0) return 'it has no tags to choose from';
  return `there are: ${shown.join(', ')}${count > shown.length ? `, and ${count - shown.length} more` : ''}`;
}

/** The choice in words: `that fits ~1.8 and matches v.*`. */
function describeChoice({ semver: range, match }: TagChoice): string {
  const parts = [
    ...(range === undefined ? [] : [`fits ${range.slice(0, 100)}`]),
    ...(match === undefined ? [] : [`matches ${match.slice(0, 100)}`]),
  ];
  return parts.length === 0 ? 'to choose from' : `that ${parts.join(' and ')}`;
}
