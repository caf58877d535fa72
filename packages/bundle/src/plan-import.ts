import {
  type AboutChange,
  aboutChange,
  type ContentLoad,
  type Digest,
  GapferryError,
  type HeadChange,
  type NameLoad,
  type NameState,
  type Presence,
  type RefChange,
  type ReleaseAddress,
  type RepositoryAbout,
  type SizedDigest,
  type TargetFailure,
  type TargetObstacle,
  type TargetPermission,
  type TargetRoom,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import type { Conflict } from './blockers.ts';
import { requireVerified, type VerifiedRelease } from './complete.ts';
import { isFiltered } from './diff-manifests.ts';
import { estimateTime, type ImportRates, type TimeEstimate } from './estimate-time.ts';
import { requireWay } from './import-blockers.ts';
import { type ItemLoads, placeOf, placeText, wantedState } from './import-loads.ts';
import { describeItem, type Item, type ItemKind } from './manifest.ts';
import { requireContentThere } from './require-content-there.ts';
import { stepState } from './step-state.ts';

/** What a target said about both loads of an item. */
export interface SurveyedLoads extends ItemLoads {
  /** Absent where there is no content to load. */
  readonly contentPresence?: Presence;
  readonly namePresence: Presence;
  /** Where the name will be found, as the target's own clients name it; only of targets that say so. */
  readonly address?: string;
}

/** What the ledger knows of a place: which channel put there what last. */
export interface Ownership {
  readonly channel: string;
  /** Empty when the channel only meant to put something there and no import has said that it did. */
  readonly left: NameState;
  /** What imports were about to put there when they were stopped: it may stand there, and is the channel's own as well. */
  readonly intended?: readonly NameState[];
  /** What the channel set of what a host says of a repository, and what it meant to set. */
  readonly about?: readonly RepositoryAbout[];
}

/** Looks up a place (`placeOf`) of a target. */
export type LookUpOwner = (target: string, place: string) => Ownership | undefined;

/** What is known beside what targets hold; decides nothing. */
export interface PlanOutlook {
  readonly room?: readonly TargetRoom[];
  readonly rates?: ImportRates;
}

declare const planned: unique symbol;

/** What an import will do, decided and not yet done. Only `planImport` makes one. */
export interface ImportPlan {
  readonly [planned]: true;
  readonly release: VerifiedRelease;
  readonly address: ReleaseAddress;
  readonly statement: Digest;
  /** In manifest order; `apply` sorts them into phases. */
  readonly steps: readonly PlanStep[];
  /** What the targets must allow for it, as far as they can tell: none of it is known to lack. */
  readonly permissions: readonly TargetPermission[];
  /** What is needed on disks and what is free there, where a target or the site knows. */
  readonly room: readonly TargetRoom[];
  /** How long it will take, as far as this site's own imports tell. */
  readonly time?: TimeEstimate;
  /** Items are counted once each, whatever tags their attachments have; `moved` counts names. */
  readonly totals: {
    readonly items: number;
    readonly toLoad: number;
    readonly same: number;
    readonly moved: number;
    readonly bytes: number;
  };
}

/** What is done for one item, or for the tag of one of its attachments. */
export interface PlanStep {
  readonly target: string;
  readonly item: string;
  readonly kind: ItemKind;
  /** Absent for the tag of an attachment. */
  readonly content?: ContentLoad;
  /** Carries `replaces` when a name moves. */
  readonly name: NameLoad;
  /** Where the name will be found, as the target's own clients name it; only of targets that say so. */
  readonly address?: string;
  readonly contentAction: 'send' | 'same';
  /** `describe`: all of it stands; of a repository only the default branch, or what the host says of it, is set, of files what tells of their release. */
  readonly nameAction: 'create' | 'move' | 'describe' | 'same';
  /** Bytes that will be sent for the content. */
  readonly bytes: number;
  /** What is done to refs, where the target can tell: each that changes, and those that go. */
  readonly refs?: readonly RefChange[];
  /** Files of Git LFS that will be sent; absent when there are none. */
  readonly lfs?: number;
  /** There is no repository yet. */
  readonly isNew?: true;
  /** What is made at the target before the content is sent, and holds other items as well. */
  readonly makes?: string;
  /** The default branch that is set. */
  readonly head?: HeadChange;
  /** What is set of what the host says of the repository, and what it takes the place of; an empty text or list takes away what stands there. */
  readonly about?: { readonly from: RepositoryAbout; readonly to: AboutChange };
  /** What is loaded is a filtered index: upstream's signature over the index does not cover it. */
  readonly filtered?: true;
  /** Digest of what the target and the ledger said of it: see `stepState`. */
  readonly state: Digest;
}

const made = new WeakSet<object>();

/** Decides, from what the targets hold and what the ledger knows, what an import does; pure.
 *  Throws `TARGET_CONFLICT` naming every place where somebody else's work, or another channel's, would be replaced, and everything else that stands in the way, `FORBIDDEN` naming every permission that lacks, and `NAME_UNSAFE` when
 *  two items of the release want one place. With `failures`, targets that could not be asked and of which `surveyed` has nothing, or that have no room, it always throws: all of it, under the code of the gravest.
 *  Of a readmitted release it throws `BLOB_MISSING` with everything that is not at its target any more. */
export function planImport(
  release: VerifiedRelease,
  surveyed: readonly SurveyedLoads[],
  ownerOf: LookUpOwner,
  permissions: readonly TargetPermission[] = [],
  obstacles: readonly TargetObstacle[] = [],
  failures: readonly TargetFailure[] = [],
  { room = [], rates }: PlanOutlook = {},
): ImportPlan {
  const { address, statement, release: predicate } = requireVerified(release).opened;
  requireOnePlaceEach(surveyed);
  const conflicts = surveyed.flatMap((loads) => conflictsOf(loads, predicate.channel, ownerOf));
  requireWay({ conflicts, obstacles, permissions, failures });
  if (release.readmitted !== undefined) requireContentThere(release.opened, surveyed);
  const steps = surveyed.map((loads) => toStep(loads, predicate.channel, ownerOf));
  const items = new Set(steps.map(({ item }) => item)).size;
  const toLoad = new Set(steps.filter(isChange).map(({ item }) => item)).size;
  const sending = bytesToSend(steps);
  const time = toLoad === 0 ? undefined : estimateFor(release, steps, sending, rates);
  const plan = Object.freeze({
    release,
    address,
    statement,
    steps: Object.freeze(steps),
    permissions,
    room,
    ...(time !== undefined && { time }),
    totals: {
      items,
      toLoad,
      same: items - toLoad,
      moved: steps.filter((step) => step.nameAction === 'move').length,
      bytes: [...sending.values()].reduce((sum, bytes) => sum + bytes, 0),
    },
  }) as unknown as ImportPlan;
  made.add(plan);
  return plan;
}

/** What several items share is sent to a target once: all of it together is the most. By the target's name. */
function bytesToSend(steps: readonly PlanStep[]): ReadonlyMap<string, number> {
  const byTarget = [...Map.groupBy(steps, ({ target }) => target)].map(([target, all]) => {
    const sent = all.filter(({ contentAction }) => contentAction === 'send');
    const each = sent.reduce((sum, step) => sum + step.bytes, 0);
    return [target, Math.min(each, totalSize(blobsToSend(sent)))] as const;
  });
  return new Map(byTarget);
}

/** Of a readmitted release nothing is read on a medium, of an admitted one what is sent. */
function estimateFor(
  { opened, readmitted, admitted }: VerifiedRelease,
  steps: readonly PlanStep[],
  targets: ReadonlyMap<string, number>,
  rates: ImportRates | undefined,
): TimeEstimate | undefined {
  const readBack = totalSize(opened.blobs);
  const hashed = admitted === undefined ? readBack : totalSize(blobsToSend(steps));
  const verify = readmitted === undefined ? hashed : 0;
  return rates && estimateTime({ verify, readBack, targets }, rates);
}

/** Blobs of a release that make up a content load. */
export function blobsInContent(content: ContentLoad): readonly SizedDigest[] {
  if (content.kind === 'oci') return content.blobs;
  return content.kind === 'git'
    ? [...content.packs, ...(content.lfs ?? [])]
    : content.files.map(({ root }) => root);
}

/** Of the content that is sent to any target, each once: also those of its blobs that the target has already. */
export function blobsToSend(steps: readonly PlanStep[]): readonly SizedDigest[] {
  const sent = steps.filter(({ contentAction }) => contentAction === 'send');
  return uniqueByDigest(
    sent.flatMap(({ content }) => (content === undefined ? [] : blobsInContent(content))),
  );
}

/** Does the step do anything? */
export function isChange({ contentAction, nameAction }: PlanStep): boolean {
  return contentAction === 'send' || nameAction !== 'same';
}

/** Guards against a plan that only looks like one, or was made for a release that nobody verified. Throws `INTERNAL`. */
export function requirePlanned(plan: ImportPlan): ImportPlan {
  if (made.has(plan) && requireVerified(plan.release)) return plan;
  throw new GapferryError({
    code: 'INTERNAL',
    message: 'an import plan that planImport did not make reached the importer',
  });
}

/** Two tags, or `1.0+a` and `1.0_a` of one chart: whichever came last would win. */
function requireOnePlaceEach(surveyed: readonly ItemLoads[]): void {
  const taken = new Map<string, Item>();
  for (const { target, item, name } of surveyed) {
    const place = placeOf(name);
    const other = taken.get(`${target} ${place}`);
    if (other !== undefined) throw samePlace(other, item, place, target);
    taken.set(`${target} ${place}`, item);
  }
}

function samePlace(one: Item, other: Item, place: string, target: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${describeItem(one)} and ${describeItem(other)} would both be ${placeText(place)} at target ${target}`,
    hint: 'take one of them out of the bundle, or send them to different targets',
    origin: 'site',
  });
}

function toStep(surveyed: SurveyedLoads, channel: string, ownerOf: LookUpOwner): PlanStep {
  const prunes = ownPrunes(surveyed, channel, ownerOf);
  const described = describedName(surveyed, channel, ownerOf);
  const { target, item, content, name, contentPresence, namePresence, address } = surveyed;
  const toSend =
    contentPresence === undefined || contentPresence.state === 'same' ? undefined : contentPresence;
  const refs = [...(namePresence.changes ?? []), ...prunes];
  return {
    target,
    item: describeItem(item),
    kind: item.kind,
    ...(content !== undefined && { content }),
    name: { ...plannedName(surveyed, prunes), ...described.name },
    ...(address !== undefined && { address }),
    contentAction: toSend === undefined ? 'same' : 'send',
    nameAction: nameActionOf(surveyed, prunes, described.change),
    bytes: toSend?.missingBytes ?? 0,
    ...(refs.length > 0 && { refs }),
    ...(toSend?.lfs !== undefined && { lfs: toSend.lfs }),
    ...(item.kind === 'git' && namePresence.state === 'absent' && refs.length === 0 && { isNew: true }),
    ...(toSend?.state === 'absent' && toSend.makes !== undefined && { makes: toSend.makes }),
    ...(namePresence.head !== undefined && { head: namePresence.head }),
    ...(described.change !== undefined && { about: described.change }),
    ...(content !== undefined && isFiltered(item) && { filtered: true }),
    state: stepState({
      kind: item.kind,
      content: contentPresence,
      name: namePresence,
      owner: ownerOf(target, placeOf(name)),
    }),
  };
}

function plannedName({ name, namePresence }: SurveyedLoads, prunes: readonly RefChange[]): NameLoad {
  const bare = withoutAbout(name);
  const replaced = namePresence.state === 'different' ? { ...bare, replaces: namePresence.there } : bare;
  if (replaced.kind === 'oci' || prunes.length === 0) return replaced;
  return { ...replaced, prunes: Object.fromEntries(prunes.map(({ ref, from = '' }) => [ref, from])) };
}

function nameActionOf(
  { name, namePresence, contentPresence }: SurveyedLoads,
  prunes: readonly RefChange[],
  about: PlanStep['about'],
): PlanStep['nameAction'] {
  if (prunes.length > 0) return 'move';
  if (namePresence.state === 'same') return about === undefined ? 'same' : 'describe';
  if (namePresence.state === 'absent')
    return namePresence.stands && contentPresence?.state === 'same' ? 'describe' : 'create';
  if (isReplacing(namePresence.there, name)) return 'move';
  const isWhole = Object.keys(wantedState(name)).every((key) => key in namePresence.there);
  return isWhole && namePresence.head !== undefined ? 'describe' : 'create';
}

interface DescribedName {
  readonly name: { readonly about?: RepositoryAbout; readonly aboutLeft?: readonly RepositoryAbout[] };
  readonly change?: PlanStep['about'];
}

/** What is said of a repository where the target takes that: what stands there and is not the channel's own stays. */
function describedName(
  { target, name, namePresence: { about } }: SurveyedLoads,
  channel: string,
  ownerOf: LookUpOwner,
): DescribedName {
  if (about === undefined) return { name: {} };
  const owner = ownerOf(target, placeOf(name));
  const aboutLeft = owner?.channel === channel ? (owner.about ?? []) : [];
  if (aboutLeft.length === 0 && Object.keys(about.wanted).length === 0) return { name: {} };
  const to = aboutChange(about.wanted, about.there, aboutLeft);
  const named = { about: about.wanted, aboutLeft };
  if (to === undefined) return { name: named };
  const from = Object.fromEntries(Object.entries(about.there).filter(([member]) => member in to));
  return { name: named, change: { from, to } };
}

/** Nothing is left in the ledger of what a target does not take. */
function withoutAbout(name: NameLoad): NameLoad {
  if (name.kind !== 'git') return name;
  const { about: _about, ...rest } = name;
  return rest;
}

/** Of the refs that the target would let go, those that this channel left there: the others are somebody's work. */
function ownPrunes(
  { target, name, namePresence }: SurveyedLoads,
  channel: string,
  ownerOf: LookUpOwner,
): readonly RefChange[] {
  const owner = ownerOf(target, placeOf(name));
  if (owner?.channel !== channel) return [];
  const own = [owner.left, ...(owner.intended ?? [])];
  return (namePresence.prunable ?? []).filter(({ ref, from }) => own.some((state) => state[ref] === from));
}

/** New refs beside old ones replace nothing. */
function isReplacing(there: NameState, name: NameLoad): boolean {
  const wanted = wantedState(name);
  return Object.entries(there).some(([key, value]) => wanted[key] !== undefined && wanted[key] !== value);
}

function conflictsOf(
  { target, item, name, namePresence }: SurveyedLoads,
  channel: string,
  ownerOf: LookUpOwner,
): Conflict[] {
  const place = placeOf(name);
  const owner = ownerOf(target, place);
  const base = { target, place, kind: item.kind, item: describeItem(item) };
  if (owner !== undefined && owner.channel !== channel && isHeld(owner, namePresence))
    return [{ ...base, reason: `belongs to channel ${owner.channel}` }];
  const foreign =
    namePresence.state === 'different' ? foreignIn(namePresence.there, name, owner, channel) : [];
  if (foreign.length > 0) return foreign.map((reason) => ({ ...base, reason }));
  const refs = [
    ...(namePresence.changes ?? []),
    ...ownPrunes({ target, item, name, namePresence }, channel, ownerOf),
  ];
  return refs.flatMap(({ ref, refused }) =>
    refused === undefined
      ? []
      : [{ ...base, reason: `cannot have ${ref} changed: ${refused}`, refused: true }],
  );
}

function foreignIn(
  there: NameState,
  name: NameLoad,
  owner: Ownership | undefined,
  channel: string,
): string[] {
  const wanted = wantedState(name);
  const own = owner?.channel === channel ? [owner.left, ...(owner.intended ?? [])] : [];
  return Object.entries(there)
    .filter(([key, value]) => wanted[key] !== value && !own.some((state) => state[key] === value))
    .map(
      ([key, value]) =>
        `${key === 'digest' ? 'stands' : `${key} stands`} at ${value}, which this channel did not put there`,
    );
}

/** A channel that only meant to put something there holds the place no longer when nothing stands there. */
function isHeld(owner: Ownership, presence: Presence): boolean {
  return Object.keys(owner.left).length > 0 || presence.state !== 'absent';
}
