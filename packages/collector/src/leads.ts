import type { BundleConfig } from '@gapferry/bundle';
import {
  type ChartPlace,
  type FindingPlace,
  type GitPin,
  isGapferryError,
  parseImageReference,
  printable,
  type ReferenceFinding,
  repositoryOf,
  type TreeFindings,
  type Wish,
} from '@gapferry/core';

/** What content of a repository points to, or what in it could not be followed. */
export interface Lead {
  /** Kind and id of the item: `git git.example.org/ops/line-a`. */
  readonly item: string;
  readonly place: FindingPlace;
  /** What it points to, in a few words; absent for what could not be followed. */
  readonly to?: string;
  /** `wanted`: a line of bundle.yaml wants it, perhaps in another version. `here`: it is a part of the repository itself. `not-collected`: nothing of it is in the release because of this.
   *  `not-followed`: nobody knows what it points to. */
  readonly outcome: 'wanted' | 'here' | 'not-collected' | 'not-followed';
  /** What the content alone does not say, and why something could not be followed. */
  readonly open?: readonly string[];
}

const TEXT = 1000;

/** Everything that a repository points to, and all that was not followed, in the order in which it was found. */
export function leadsOf(pin: GitPin, { references, problems }: TreeFindings, config: BundleConfig): Lead[] {
  const item = `git ${pin.id}`;
  const pointed = references.map((reference): Lead => {
    const open = (reference.open ?? []).map(oneLine);
    return {
      item,
      place: shownPlace(reference.place),
      to: oneLine(describeReference(reference)),
      outcome: outcomeOf(reference, config),
      ...(open.length > 0 && { open }),
    };
  });
  const unfollowed = problems.map(
    ({ place, message }): Lead => ({
      item,
      place: shownPlace(place),
      outcome: 'not-followed',
      open: [oneLine(message)],
    }),
  );
  return [...pointed, ...unfollowed];
}

function outcomeOf(reference: ReferenceFinding, { wishes }: BundleConfig): Lead['outcome'] {
  if (reference.kind === 'chart' && reference.source.from === 'tree') return 'here';
  return wishes.some((wish) => isWanted(reference, wish)) ? 'wanted' : 'not-collected';
}

/** Whether a line of bundle.yaml names the same thing, in whatever version. */
function isWanted(reference: ReferenceFinding, wish: Wish): boolean {
  switch (reference.kind) {
    case 'chart':
      return isWantedChart(reference.source, wish);
    case 'git':
      return wish.kind === 'git' && plainUrl(wish.url) === plainUrl(reference.url);
    case 'oci-artifact':
      return wish.kind === 'image' && repositoryIn(wish.ref) === reference.ref;
    case 'image':
      return wish.kind === 'image' && repositoryIn(wish.ref) === repositoryIn(reference.reference);
    case 'file':
      return wish.kind === 'file' && wish.url === reference.url;
  }
}

function isWantedChart(source: ChartPlace, wish: Wish): boolean {
  if (source.from === 'git') return wish.kind === 'git' && plainUrl(wish.url) === plainUrl(source.url);
  if (wish.kind !== 'chart') return false;
  if (source.from === 'oci') return wish.from === 'oci' && wish.ref === source.ref;
  if (source.from === 'repository')
    return (
      wish.from === 'repository' && wish.name === source.name && plainUrl(wish.url) === plainUrl(source.url)
    );
  return false;
}

/** How a repository is written does not matter: with a user, with `.git`, with a slash at the end. */
function plainUrl(url: string): string {
  return url
    .replace(/^[a-z+]+:\/\/(?:[^@/]*@)?/i, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .toLowerCase();
}

function repositoryIn(reference: string): string | undefined {
  try {
    const { tag: _tag, digest: _digest, ...repository } = parseImageReference(reference);
    return repositoryOf(repository);
  } catch (error) {
    if (isGapferryError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}

/** In a few words, as far as possible those of bundle.yaml. */
function describeReference(reference: ReferenceFinding): string {
  switch (reference.kind) {
    case 'chart':
      return `chart ${describeChart(reference.source)}${version(reference.version)}`;
    case 'git':
      return `git ${reference.url}${version(reference.revision?.text)}${inside(reference.path)}`;
    case 'oci-artifact':
      return `artifact oci://${reference.ref}${version(reference.digest ?? reference.tag ?? reference.semver)}`;
    case 'image':
      return `image ${reference.reference}`;
    case 'file':
      return `file ${reference.url}`;
  }
}

function describeChart(source: ChartPlace): string {
  switch (source.from) {
    case 'repository':
      return `${source.name} of ${source.url}`;
    case 'oci':
      return `oci://${source.ref}`;
    case 'git':
      return `${source.path} of git ${source.url}${version(source.revision?.text)}`;
    case 'tree':
      return source.path === '' ? 'at the root' : source.path;
  }
}

function version(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}

function inside(path: string | undefined): string {
  return path === undefined || path === '' ? '' : `, ${path}`;
}

/** Repositories are written by strangers: what they say becomes one line of bounded length. */
function shownPlace({ file, object, path }: FindingPlace): FindingPlace {
  return {
    file: oneLine(file),
    ...(object !== undefined && object !== '' && { object: oneLine(object) }),
    path: oneLine(path),
  };
}

function oneLine(text: string): string {
  return printable(text.toWellFormed()).slice(0, TEXT).toWellFormed();
}
