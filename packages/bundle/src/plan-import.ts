import {
  type ContentLoad,
  type Digest,
  GapferryError,
  type NameLoad,
  type NameState,
  type Presence,
  type ReleaseAddress,
} from '@gapferry/core';
import { requireVerified, type VerifiedRelease } from './complete.ts';
import { type ItemLoads, placeOf, wantedState } from './import-loads.ts';
import { describeItem, type ItemKind } from './manifest.ts';

/** What a target said about both loads of an item. */
export interface SurveyedLoads extends ItemLoads {
  readonly contentPresence: Presence;
  readonly namePresence: Presence;
}

/** What the ledger knows of a place: which channel put there what last. */
export interface Ownership {
  readonly channel: string;
  readonly left: NameState;
}

/** Looks up a place (`placeOf`) of a target. */
export type LookUpOwner = (target: string, place: string) => Ownership | undefined;

/** What an import will do, decided and not yet done. */
export interface ImportPlan {
  readonly release: VerifiedRelease;
  readonly address: ReleaseAddress;
  readonly statement: Digest;
  /** In manifest order; `apply` sorts them into phases. */
  readonly steps: readonly PlanStep[];
  readonly totals: {
    readonly items: number;
    readonly toLoad: number;
    readonly same: number;
    readonly moved: number;
    readonly bytes: number;
  };
}

export interface PlanStep {
  readonly target: string;
  readonly item: string;
  readonly kind: ItemKind;
  readonly content: ContentLoad;
  /** Carries `replaces` when a name moves. */
  readonly name: NameLoad;
  readonly contentAction: 'send' | 'same';
  readonly nameAction: 'create' | 'move' | 'same';
  /** Bytes that will be sent for the content. */
  readonly bytes: number;
}

/** Decides, from what the targets hold and what the ledger knows, what an import does; pure.
 *  Throws `TARGET_CONFLICT` naming every place where somebody else's work, or another channel's, would be replaced. */
export function planImport(
  release: VerifiedRelease,
  surveyed: readonly SurveyedLoads[],
  ownerOf: LookUpOwner,
): ImportPlan {
  const { address, statement, release: predicate } = requireVerified(release).opened;
  const conflicts = surveyed.flatMap((loads) => conflictsOf(loads, predicate.channel, ownerOf));
  if (conflicts.length > 0) throw conflictError(conflicts);
  const steps = surveyed.map(toStep);
  const changed = steps.filter((step) => step.contentAction === 'send' || step.nameAction !== 'same');
  return {
    release,
    address,
    statement,
    steps,
    totals: {
      items: steps.length,
      toLoad: changed.length,
      same: steps.length - changed.length,
      moved: steps.filter((step) => step.nameAction === 'move').length,
      bytes: steps.reduce((sum, step) => sum + step.bytes, 0),
    },
  };
}

function toStep({ target, item, content, name, contentPresence, namePresence }: SurveyedLoads): PlanStep {
  const moves = namePresence.state === 'different' && isReplacing(namePresence.there, name);
  return {
    target,
    item: describeItem(item),
    kind: item.kind,
    content,
    name: namePresence.state === 'different' ? { ...name, replaces: namePresence.there } : name,
    contentAction: contentPresence.state === 'same' ? 'same' : 'send',
    nameAction: namePresence.state === 'same' ? 'same' : moves ? 'move' : 'create',
    bytes: contentPresence.state === 'same' ? 0 : contentPresence.missingBytes,
  };
}

/** New refs beside old ones replace nothing. */
function isReplacing(there: NameState, name: NameLoad): boolean {
  const wanted = wantedState(name);
  return Object.entries(there).some(([key, value]) => wanted[key] !== undefined && wanted[key] !== value);
}

interface Conflict {
  readonly target: string;
  readonly place: string;
  readonly item: string;
  readonly reason: string;
}

function conflictsOf(
  { target, item, name, namePresence }: SurveyedLoads,
  channel: string,
  ownerOf: LookUpOwner,
): Conflict[] {
  const place = placeOf(name);
  const owner = ownerOf(target, place);
  const base = { target, place, item: describeItem(item) };
  if (owner !== undefined && owner.channel !== channel)
    return [{ ...base, reason: `belongs to channel ${owner.channel}` }];
  if (namePresence.state !== 'different') return [];
  const wanted = wantedState(name);
  return Object.entries(namePresence.there)
    .filter(([key, value]) => wanted[key] !== value && owner?.left[key] !== value)
    .map(([key, value]) => ({
      ...base,
      reason: `${key === 'digest' ? 'stands' : `${key} stands`} at ${value}, which this channel did not put there`,
    }));
}

function conflictError(conflicts: readonly Conflict[]): GapferryError {
  const lines = conflicts
    .slice(0, 10)
    .map(({ target, place, reason }) => `${place} at target ${target} ${reason}`);
  const more = conflicts.length > 10 ? `; and ${conflicts.length - 10} more` : '';
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `the import would replace what is not its own: ${lines.join('; ')}${more}`,
    hint: 'nothing was loaded; find out who put it there, move it away or take it out of the bundle',
    origin: 'target',
    data: { conflicts },
  });
}
