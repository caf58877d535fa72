import { describeItem, loadedAttachments, type Manifest, placesOf } from '@gapferry/bundle';
import {
  type Digest,
  GapferryError,
  isDigest,
  type Ledger,
  type NameState,
  type PruneFile,
  type PruneManifest,
  type PruneRequest,
  type PruneTag,
} from '@gapferry/core';
import { isPartly, type LoadedRelease, type PruneChoice } from './choose-pruned.ts';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { isHere, type TargetPlaces } from './is-here.ts';
import { type KnownRoot, parseOci, rootsIn } from './known-roots.ts';
import { PRUNE_ENTRIES } from './prune-entries.ts';
import { goingContent, type SentItems, sentItems } from './sent-content.ts';
import { spareBackups } from './spare-backups.ts';

/** What each target is asked about a channel, by target. `manifests`: of every release that stays, by statement; those of releases that go where the site has them. `here`: digests of where the targets are now; what was left at another place
 *  is not asked about, nor what stood there before an import came. Also of releases that came to a target and never got names there: staged, or broken off.
 *  Throws `RELEASE_INCOMPLETE` where it is not known what a release that stays needs: nothing is pruned then. */
export function pruneRequests(
  ledger: Ledger,
  choices: readonly PruneChoice[],
  channel: string,
  manifests: ReadonlyMap<Digest, Manifest>,
  here: TargetPlaces = {},
): ReadonlyMap<string, PruneRequest> {
  const staying = choices.flatMap(({ stays }) => stays);
  const { needed, places: kept } = neededBy(staying, manifests);
  const own = choices.find((one) => one.channel === channel);
  const goes = own?.goes ?? [];
  const going = new Set(goes.map(({ statement }) => statement));
  const { named, elsewhere } = namedPlaces(ledger, channel, here);
  const sent = sentItems(ledger, channel, here);
  const statements = new Set(staying.map(({ statement }) => statement));
  const backups = spareBackups(ledger, channel, statements, here);
  const awaited = awaitedRepositories(ledger, statements, manifests);
  const roots = rootsIn(manifests.values());
  const known = new Map(
    goes.flatMap(({ statement }) => {
      const manifest = manifests.get(statement);
      return manifest === undefined ? [] : [[statement, manifest] as const];
    }),
  );
  const gone = [...known.values()];
  const requestOf = (target: string): PruneRequest => {
    const places = named.get(target) ?? new Map<string, NamedPlace>();
    const wishes = wishesOf(places, { going, needed, kept, roots, gone });
    const content = goingContent(sent.get(target) ?? NOTHING_SENT, known, needed);
    const left = leftThere(places);
    return {
      channel,
      ...wishes,
      manifests: distinct([...wishes.manifests, ...content.manifests]),
      contents: content.contents,
      refs: [...(backups.get(target) ?? []), ...content.refs].filter(
        ({ repository }) => !awaited.has(repository),
      ),
      needed,
      staying: new Map((own?.stays ?? []).map(({ sequence, version }) => [sequence, version])),
      going: new Set(goes.flatMap(({ statement, sequence }) => (left.has(statement) ? [sequence] : []))),
      unnamed: new Map(
        goes
          .filter(({ statement }) => content.files.has(statement) && !left.has(statement))
          .map(({ sequence, version }) => [sequence, version]),
      ),
      ...(elsewhere.has(target) && { elsewhere: true }),
    };
  };
  const targets = new Set([...named.keys(), ...sent.keys(), ...backups.keys()]);
  return new Map([...targets].map((target) => [target, requestOf(target)]));
}

const NOTHING_SENT: SentItems = new Map();

/** Those with a name come first: the ledger tells the same of them. */
function distinct(manifests: readonly PruneManifest[]): readonly PruneManifest[] {
  const all = new Map<string, PruneManifest>();
  for (const one of manifests) {
    const key = `${one.repository}@${one.digest}`;
    if (!all.has(key)) all.set(key, one);
  }
  return [...all.values()];
}

/** Statements of releases that left something there: others have nothing to go. */
function leftThere(places: ReadonlyMap<string, NamedPlace>): ReadonlySet<Digest> {
  return new Set([...places.values()].flatMap(({ states }) => [...states.keys()]));
}

/** Repositories of releases that stay and that no import has loaded whole yet. What they need may stand under any ref of ours there: it was not sent again. */
function awaitedRepositories(
  ledger: Ledger,
  staying: ReadonlySet<Digest>,
  manifests: ReadonlyMap<Digest, Manifest>,
): ReadonlySet<string> {
  const waiting = new Set(staying);
  for (const { data } of ledger.history([IMPORT_ENTRIES.finished])) {
    const { statement } = data;
    if (isDigest(statement) && !isPartly(data)) waiting.delete(statement);
  }
  const places = [...waiting].flatMap((one) => manifests.get(one)?.items.flatMap(placesOf) ?? []);
  return new Set(places.flatMap((place) => (place.startsWith('git ') ? [place.slice('git '.length)] : [])));
}

function neededBy(
  staying: readonly LoadedRelease[],
  manifests: ReadonlyMap<Digest, Manifest>,
): { readonly needed: ReadonlySet<Digest>; readonly places: ReadonlySet<string> } {
  const needed = new Set<Digest>();
  // Not from the ledger: of a name that stood already a later import may say nothing.
  const places = new Set<string>();
  for (const { statement, channel, sequence } of staying) {
    const manifest = manifests.get(statement);
    if (manifest === undefined)
      throw new GapferryError({
        code: 'RELEASE_INCOMPLETE',
        message: `the site does not know what release ${channel}/${sequence}, which stays, needs`,
        hint: `nothing was pruned; import ${channel}/${sequence} once more from its medium, which changes nothing and keeps what the site needs of it`,
        origin: 'site',
        data: { channel, sequence, statement },
      });
    for (const { digest } of manifest.blobs) needed.add(digest);
    for (const item of manifest.items) for (const place of placesOf(item)) places.add(place);
  }
  return { needed, places };
}

/** A place of a target, with everything that the channel ever left there. */
interface NamedPlace {
  readonly place: string;
  readonly item: string;
  /** By release. */
  readonly states: Map<Digest, Record<string, string>>;
  last: Digest;
  /** A prune found that nothing stood there any more, and nothing was left there since. */
  isFreed: boolean;
}

interface Named {
  /** By target, by place. */
  readonly named: ReadonlyMap<string, ReadonlyMap<string, NamedPlace>>;
  /** Targets that were somewhere else when something was left there. */
  readonly elsewhere: ReadonlySet<string>;
}

function namedPlaces(ledger: Ledger, channel: string, here: TargetPlaces): Named {
  const targets = new Map<string, Map<string, NamedPlace>>();
  const elsewhere = new Set<string>();
  let then: TargetPlaces = {};
  for (const { kind, data } of ledger.history([
    IMPORT_ENTRIES.began,
    IMPORT_ENTRIES.named,
    PRUNE_ENTRIES.freed,
  ])) {
    const { target, place, item, statement } = data;
    if (data['channel'] !== channel) continue;
    if (kind === PRUNE_ENTRIES.freed) freePlaces(targets.get(String(target)), data['places']);
    if (kind === IMPORT_ENTRIES.began) then = (data['places'] ?? {}) as TargetPlaces;
    if (typeof target !== 'string' || typeof place !== 'string' || !isDigest(statement)) continue;
    const places = targets.get(target) ?? new Map<string, NamedPlace>();
    targets.set(target, places);
    if (!isHere(target, here, then)) {
      elsewhere.add(target);
      continue;
    }
    if (data['found'] === true) {
      // Put back by somebody else.
      if (places.get(place)?.isFreed === true) places.delete(place);
      continue;
    }
    const known = places.get(place) ?? {
      place,
      item: String(item),
      states: new Map<Digest, Record<string, string>>(),
      last: statement,
      isFreed: false,
    };
    known.states.set(statement, { ...known.states.get(statement), ...stateOf(data['left']) });
    known.last = statement;
    known.isFreed = false;
    places.set(place, known);
  }
  return { named: targets, elsewhere };
}

/** What stands there from now on is somebody else's; what hung on it may be left. */
function freePlaces(places: ReadonlyMap<string, NamedPlace> | undefined, freed: unknown): void {
  for (const place of Array.isArray(freed) ? freed : []) {
    const known = places?.get(place);
    if (known !== undefined) known.isFreed = true;
  }
}

function stateOf(value: unknown): NameState {
  if (value === null || typeof value !== 'object') return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

interface Judging {
  /** Statements. */
  readonly going: ReadonlySet<Digest>;
  readonly needed: ReadonlySet<Digest>;
  /** Places that a release which stays fills, at whatever target. */
  readonly kept: ReadonlySet<string>;
  readonly roots: ReadonlyMap<Digest, KnownRoot>;
  /** What is still known of the releases that go. */
  readonly gone: readonly Manifest[];
}

function wishesOf(
  places: ReadonlyMap<string, NamedPlace>,
  { going, needed, kept, roots, gone }: Judging,
): Pick<PruneRequest, 'manifests' | 'tags' | 'files'> {
  const manifests = new Map<string, PruneManifest>();
  const tags: PruneTag[] = [];
  const files: PruneFile[] = [];
  // What several releases had in common the ledger tells only of the first, which may have gone before.
  const [goneRoots, gonePlaces] = [
    rootsIn(gone),
    new Set(gone.flatMap(({ items }) => items.flatMap(placesOf))),
  ];
  const keptIn = new Set([...kept].flatMap(directoriesOf));
  for (const one of attachedAt(places, gone, needed)) manifests.set(`${one.repository}@${one.digest}`, one);
  for (const { place, item, states, last, isFreed } of places.values()) {
    // As little ours.
    const isKept = isFreed || kept.has(place);
    const oci = parseOci(place);
    if (oci !== undefined) {
      for (const [statement, { digest }] of states) {
        if (!isDigest(digest) || needed.has(digest)) continue;
        if (!going.has(statement) && !goneRoots.has(digest)) continue;
        const one = { item, repository: oci.repository, digest, ...roots.get(digest) };
        manifests.set(`${oci.repository}@${digest}`, one);
      }
      const left = states.get(last)?.['digest'];
      if (!isKept && oci.tag !== undefined && isDigest(left))
        tags.push({ item, repository: oci.repository, tag: oci.tag, digest: left });
    } else if (!isKept && place.startsWith('file ') && (going.has(last) || gonePlaces.has(place))) {
      const isShared = keptIn.has(place) || directoriesOf(place).some((directory) => kept.has(directory));
      files.push(...goingFiles({ item, place, left: states.get(last) ?? {} }, isShared, needed));
    }
  }
  return { manifests: [...manifests.values()], tags, files };
}

/** A directory may have become single files, or the other way round: what a release that stays has in the same place under another name is left out. */
function goingFiles(
  { item, place, left }: { readonly item: string; readonly place: string; readonly left: NameState },
  isShared: boolean,
  needed: ReadonlySet<Digest>,
): PruneFile[] {
  const going = Object.entries(left).filter(
    ([, digest]) => !isShared || !isDigest(digest) || !needed.has(digest),
  );
  const path = place.slice('file '.length);
  return going.length === 0 ? [] : [{ item, path, left: Object.fromEntries(going) }];
}

/** `file a/`, `file a/b/` for `file a/b/c`. */
function directoriesOf(place: string): string[] {
  return [...place.matchAll(/\/(?=.)/g)].map(({ index }) => place.slice(0, index + 1));
}

/** Attachments without a tag: no name of theirs stands in the ledger. */
function attachedAt(
  places: ReadonlyMap<string, NamedPlace>,
  gone: readonly Manifest[],
  needed: ReadonlySet<Digest>,
): PruneManifest[] {
  return gone.flatMap(({ items }) =>
    items.flatMap((item) => {
      const [place = ''] = placesOf(item);
      const oci = places.has(place) ? parseOci(place) : undefined;
      if (oci === undefined || (item.kind !== 'image' && item.kind !== 'chart')) return [];
      return loadedAttachments(item)
        .filter(({ root }) => !needed.has(root.digest))
        .map(({ root }) => ({
          item: describeItem(item),
          repository: oci.repository,
          digest: root.digest,
          root,
        }));
    }),
  );
}
