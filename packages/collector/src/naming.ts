import {
  canonicalJson,
  type DiscoveryMethod,
  type FindingPlace,
  type GitFinding,
  type NamedBy,
  printable,
  type ReferenceFinding,
  redact,
} from '@gapferry/core';

/** Places that are kept of one thing for each chart or repository that names it: more tell nobody anything. */
const PLACES = 100;
const TEXT = 1000;

/** What strangers wrote becomes one line of bounded length. */
export function oneLine(text: string): string {
  return printable(text.toWellFormed()).slice(0, TEXT).toWellFormed();
}

/** The same for what may hold an address, without credentials. The user of an SSH address is a part of it. */
export function oneLineWithoutSecrets(text: string): string {
  return oneLine(text)
    .split(/(ssh:\/\/[\w.-]+@(?![^/\s]*@))/i)
    .map((part, i) => (i % 2 === 1 ? part : redact(part)))
    .join('');
}

/** An error's message as such a line. */
export function reasonOf(error: unknown): string {
  return oneLineWithoutSecrets(error instanceof Error ? error.message : String(error));
}

/** A line for a place. */
export function shownPlace({ file, object, path }: FindingPlace): FindingPlace {
  return {
    file: oneLine(file),
    ...(object !== undefined && object !== '' && { object: oneLine(object) }),
    path: oneLine(path),
  };
}

/** The record of a place in the content of an item. Its texts are never empty. */
export function toNaming(item: string, method: DiscoveryMethod, place: FindingPlace): NamedBy {
  const { file, path, ...rest } = shownPlace(place);
  return { item, method, file: file === '' ? '""' : file, ...rest, path: path === '' ? '""' : path };
}

/** Where a repository points to something: a kustomization says so, an object of Argo CD or Flux, or `.gitmodules`. */
export function referenceNaming(item: string, reference: ReferenceFinding): NamedBy {
  const { place } = reference;
  if (isSubmodule(reference)) return toNaming(item, 'submodule', place);
  const isKustomization =
    place.object === undefined && /(?:^|[/:])kustomization(?:\.ya?ml)?$/i.test(place.file);
  return toNaming(item, isKustomization ? 'kustomization' : 'custom-resource', place);
}

/** Is it what a commit has checked out of another repository? */
export function isSubmodule(
  reference: ReferenceFinding,
): reference is GitFinding & Required<Pick<GitFinding, 'submodule'>> {
  return reference.kind === 'git' && reference.submodule !== undefined;
}

/** Each once, in the order in which they came; of each item no more than anybody reads. */
export function keptNamings(namings: readonly NamedBy[]): NamedBy[] {
  return [...Map.groupBy(namings, ({ item }) => item).values()].flatMap((own) =>
    uniqueNamings(own).slice(0, PLACES),
  );
}

/** Each once, in the order in which they came. */
export function uniqueNamings(namings: readonly NamedBy[]): NamedBy[] {
  return [...new Map(namings.map((naming) => [canonicalJson(naming), naming])).values()];
}
