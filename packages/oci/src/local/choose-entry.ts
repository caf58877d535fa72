import {
  type Descriptor,
  type Digest,
  formatImageReference,
  GapferryError,
  isDigest,
  parseImageReference,
  printable,
  type Run,
} from '@gapferry/core';
import type { LocalEntry, LocalPlace } from './local-place.ts';

/** Names that are told in an error. */
const MOST_NAMES = 20;

/** The image that is meant: the only one there is, or the one that `select` names: by digest, by a name as the place writes it, by the same reference in another spelling, by its tag; the
 *  first of these that fits counts. `isAttachment` takes out what belongs to another image, unless it is asked for. Throws `SOURCE_NOT_FOUND`, naming what there is, and `REFERENCE_INVALID` when it is not clear. */
export async function chooseEntry(
  place: LocalPlace,
  select: string | undefined,
  isAttachment: (entry: LocalEntry) => boolean,
  run: Run,
): Promise<Descriptor> {
  if (select === undefined) {
    const images = place.entries.filter((entry) => !isAttachment(entry));
    return theOne(place, images, undefined, run);
  }
  if (isDigest(select)) return byDigest(place, select, run);
  for (const fits of [isExactly, isSameReference, hasTag]) {
    const found = place.entries.filter(({ names }) => names.some((name) => fits(name, select)));
    if (found.length > 0) return theOne(place, found, select, run);
  }
  throw notThere(place, select);
}

/** Several entries for one digest are one image. */
async function theOne(
  place: LocalPlace,
  found: readonly LocalEntry[],
  select: string | undefined,
  run: Run,
): Promise<Descriptor> {
  const roots = new Map<Digest, Descriptor>();
  for (const entry of found) {
    const root = await entry.root(run);
    roots.set(root.digest, root);
  }
  const [only, ...more] = roots.values();
  if (only === undefined) throw notThere(place, select);
  if (more.length > 0) throw unclear(place, found, select);
  return only;
}

async function byDigest(place: LocalPlace, digest: Digest, run: Run): Promise<Descriptor> {
  for (const entry of place.entries) {
    const root = await entry.root(run);
    if (root.digest === digest) return root;
  }
  throw notThere(place, digest);
}

function isExactly(name: string, select: string): boolean {
  return name === select;
}

function isSameReference(name: string, select: string): boolean {
  const wanted = spelledOut(select);
  return wanted !== undefined && wanted === spelledOut(name);
}

/** Undefined for what is no reference. */
function spelledOut(text: string): string | undefined {
  try {
    return formatImageReference(parseImageReference(text));
  } catch {
    return undefined;
  }
}

/** The part after the last colon, where it is not a port. */
function hasTag(name: string, select: string): boolean {
  const [beforeDigest = ''] = name.split('@');
  const colon = beforeDigest.lastIndexOf(':');
  return colon > beforeDigest.lastIndexOf('/') && beforeDigest.slice(colon + 1) === select;
}

function notThere(place: LocalPlace, select: string | undefined): GapferryError {
  const there = namesOf(place.entries);
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    message:
      select === undefined
        ? `${place.what} has no image in it`
        : `${place.what} has no image "${printable(select.slice(0, 300))}" in it; it has ${there}`,
    ...(select !== undefined && { hint: 'write one of these names, or a digest, under `select:`' }),
    origin: 'source',
    data: { path: place.what, ...(select !== undefined && { select }) },
  });
}

function unclear(place: LocalPlace, found: readonly LocalEntry[], select: string | undefined): GapferryError {
  const what = select === undefined ? 'images' : `images "${printable(select.slice(0, 300))}"`;
  return new GapferryError({
    code: 'REFERENCE_INVALID',
    message: `${place.what} has several ${what} in it: ${namesOf(found)}`,
    hint: 'write under `select:` which one is meant, by its whole name or its digest',
    origin: 'source',
    data: { path: place.what, ...(select !== undefined && { select }) },
  });
}

/** Untrusted text, made safe for a terminal. */
function namesOf(entries: readonly LocalEntry[]): string {
  if (entries.length === 0) return 'none';
  const names = entries.slice(0, MOST_NAMES).map(({ names: [name], digest, platform }) => {
    const called = printable(name?.slice(0, 300) ?? digest ?? 'one without a name');
    return platform === undefined ? called : `${called} (${platform})`;
  });
  const more = entries.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
