import {
  foldName,
  type ImageWish,
  parseImageReference,
  repositoryOf,
  toRepositoryName,
  type Wish,
} from '@gapferry/core';

/** A wish for what another wish already wants, or that could not lie beside it inside. */
export interface DuplicateWish {
  readonly wish: Wish;
  readonly message: string;
}

/** The same thing wanted twice, or two of one name, in the order of the wishes. */
export function duplicateWishes(wishes: readonly Wish[]): DuplicateWish[] {
  const seen = new Map<string, string>();
  return wishes.flatMap((wish) => {
    const found: DuplicateWish[] = [];
    for (const { place, label } of namesOf(wish)) {
      const other = seen.get(place);
      if (other === label) found.push({ wish, message: `${label} is wanted twice${adviceFor(wish)}` });
      else if (other !== undefined)
        found.push({ wish, message: `${label} would have the same name inside as ${other}` });
      else seen.set(place, label);
    }
    return found.slice(0, 1);
  });
}

function adviceFor({ kind }: Wish): string {
  return kind === 'chart' ? ': where it is installed twice, one line has both under "installations"' : '';
}

interface WishName {
  /** Equal for what would be one place. */
  readonly place: string;
  readonly label: string;
}

function namesOf(wish: Wish): WishName[] {
  if (wish.kind === 'image') return imageNames(wish);
  const label = labelOf(wish);
  return [{ place: wish.kind === 'file' ? foldName(label) : label, label }];
}

/** What a range or a pattern finds is not known yet; a list of tags is. */
function imageNames({ ref, tags }: ImageWish): WishName[] {
  const { host, path, tag, digest } = parseImageReference(ref);
  const [repository, place] = [repositoryOf({ host, path }), toRepositoryName(`${host}/${path}`)];
  if (tags === undefined) return [{ place: `image ${place}:${tag ?? digest}`, label: `image ${ref}` }];
  const { list, semver, match, newest } = tags;
  if (list === undefined || semver !== undefined || match !== undefined || newest !== undefined)
    return [
      { place: `image ${place} ${JSON.stringify(tags)}`, label: `image ${repository} with the same tags` },
    ];
  return list.map((one) => ({ place: `image ${place}:${one}`, label: `image ${repository}:${one}` }));
}

function labelOf(wish: Exclude<Wish, ImageWish>): string {
  if (wish.kind === 'file') return `file ${wish.as}`;
  if (wish.kind === 'git') return `git ${wish.as ?? wish.url}`;
  switch (wish.from) {
    case 'oci':
      return `chart ${wish.ref} ${wish.version}`;
    case 'repository':
      return `chart ${wish.url}/${wish.name} ${wish.version}`;
    case 'local':
      return `chart ${wish.ref} from ${wish.path}`;
  }
}
