import {
  describeItem,
  type ImportPlan,
  type LookUpOwner,
  type Ownership,
  type PlanStep,
  placeOf,
  wantedState,
} from '@gapferry/bundle';
import {
  type Digest,
  isGapferryError,
  isSameAbout,
  type JsonValue,
  type Ledger,
  type LedgerHead,
  type NameLoad,
  type NameState,
  redact,
} from '@gapferry/core';
import { overrideData } from './going-back.ts';
import { IMPORT_ENTRIES } from './import-entries.ts';
import type { ImportRecord, SignedReceipt } from './import-outcome.ts';
import { inEntries, stateInParts } from './in-entries.ts';
import { ownersIn } from './owners.ts';

/** One import's lines in the site's ledger. Everything but `stopped` throws `LEDGER_UNWRITABLE`, and whoever was about to act does not. */
export interface ImportJournal {
  began(): void;
  /** Behind the barrier of an import that goes no further; returns when that was, RFC 3339. */
  staged(staged: {
    readonly targets: readonly string[];
    readonly items: number;
    readonly names: number;
  }): string;
  naming(target: string, steps: readonly PlanStep[]): void;
  /** `found`: it stood there when the import came. */
  named(step: PlanStep, found?: 'found'): void;
  /** Does the ledger say already that this channel left exactly this there? */
  knows(step: PlanStep): boolean;
  /** Head of the ledger with the record in it. */
  finished(record: ImportRecord): LedgerHead;
  receipted(receipt: SignedReceipt): void;
  /** Never throws: what stopped the import matters more. */
  stopped(error: unknown): void;
}

export interface JournalInput {
  readonly plan: ImportPlan;
  readonly ledger: Ledger;
  readonly site: string;
  readonly approved?: Digest;
  /** Digests of what the site file says of where each target is. */
  readonly places?: Readonly<Record<string, Digest>>;
}

export function openJournal({ plan, ledger, site, approved, places }: JournalInput): ImportJournal {
  const { release, statement } = plan.release.opened;
  const base = { channel: release.channel, sequence: release.sequence, statement };
  const ownerOf = ownersIn(ledger);
  const append = (kind: string, data: Record<string, JsonValue | undefined>): LedgerHead =>
    ledger.append(kind, { ...base, ...data });
  return {
    began: () =>
      void append(IMPORT_ENTRIES.began, {
        site,
        approved,
        ...describePlan(plan),
        ...sendsOf(plan, (step) => isStrange(step, base.channel, ownerOf)),
        ...overrideData(plan),
        ...(places !== undefined && { places }),
      }),
    staged: ({ targets, items, names }) =>
      ledger.append(IMPORT_ENTRIES.staged, { ...base, targets: [...targets], items, names }).at,
    naming: (target, steps) => {
      for (const names of inEntries(steps.flatMap(toIntents)))
        append(IMPORT_ENTRIES.naming, { target, names });
    },
    named: ({ target, item, name }, found) => {
      const parts = stateInParts(wantedState(name));
      const isFound = found === 'found' && !wasIntended(ownerOf(target, placeOf(name)), base.channel, name);
      for (const [i, left] of parts.entries()) {
        const more = i + 1 < parts.length ? true : undefined;
        const about = more === undefined ? aboutOf(name) : {};
        const where = { target, place: placeOf(name), item };
        append(IMPORT_ENTRIES.named, { ...where, left, ...(isFound && { found: true }), more, ...about });
      }
    },
    knows: (step) => isKnown(step, base.channel, ownerOf),
    finished: ({ items, ...record }) => {
      for (const some of inEntries(items))
        append(IMPORT_ENTRIES.items, { items: some as unknown as JsonValue });
      const { index, digest } = append(IMPORT_ENTRIES.finished, {
        record: record as unknown as JsonValue,
      });
      return { index, digest };
    },
    receipted: ({ statement: receipt, receipt: { status } }) =>
      void append(IMPORT_ENTRIES.receipted, { receipt, status }),
    stopped: (error) => recordStop(error, append),
  };
}

type Intent = { place: string; state: NameState; about?: JsonValue; backups?: JsonValue };

function toIntents({ name, refs = [] }: PlanStep): Intent[] {
  const parts = stateInParts(wantedState(name));
  const place = placeOf(name);
  const kept = refs.flatMap(({ ref, from, backup }) =>
    from === undefined || backup === undefined ? [] : [{ ref, oid: from, backup }],
  );
  const [last = {}, ...before] = parts.toReversed();
  return [
    ...before.toReversed().map((state) => ({ place, state })),
    ...inEntries(kept).flatMap((backups) => ({ place, state: {}, backups })),
    { place, state: last, ...aboutOf(name) },
  ];
}

/** What was there when the import came is not in it, and nothing of that is ever taken away; nor an image of which somebody else's tag tells: only something beside it is sent. */
function sendsOf(
  { steps, release }: ImportPlan,
  isStrange: (step: PlanStep) => boolean,
): { sends?: JsonValue } {
  const indexOf = new Map(release.opened.manifest.items.map((item, i) => [describeItem(item), i]));
  const sent = steps.filter(
    (step) => step.content !== undefined && step.contentAction === 'send' && !isStrange(step),
  );
  if (sent.length === 0) return {};
  const byTarget = Map.groupBy(sent, ({ target }) => target);
  const sends = [...byTarget].map(([target, own]) => [
    target,
    own.flatMap(({ item }) => indexOf.get(item) ?? []),
  ]);
  return { sends: Object.fromEntries(sends) };
}

/** What is said of a repository goes with the last part of its state. */
function aboutOf(name: NameLoad): { about?: JsonValue } {
  return name.kind === 'git' && name.about !== undefined ? { about: { ...name.about } } : {};
}

function describePlan({
  release: { opened, pending, admitted },
  totals,
}: ImportPlan): Record<string, JsonValue> {
  const { release, manifestDigest, policy, signers } = opened;
  return {
    bundle: release.bundle,
    version: release.version,
    manifest: manifestDigest,
    policy: { ...policy },
    signers: signers.map((signer) => ({ ...signer })),
    totals: { ...totals },
    ...(pending !== undefined && (admitted === undefined ? { onePass: true } : { admitted: admitted.index })),
  };
}

/** A process that was killed after it had set it did not say so. */
function wasIntended(owner: Ownership | undefined, channel: string, name: NameLoad): boolean {
  if (owner?.channel !== channel) return false;
  const wanted = Object.entries(wantedState(name));
  return (owner.intended ?? []).some((state) => wanted.every(([key, value]) => state[key] === value));
}

/** It stands there, and no import of the channel set it. */
function isStrange(step: PlanStep, channel: string, ownerOf: LookUpOwner): boolean {
  const { target, name, nameAction } = step;
  if (name.kind !== 'oci' || nameAction !== 'same') return false;
  const owner = ownerOf(target, placeOf(name));
  return !isKnown(step, channel, ownerOf) && !wasIntended(owner, channel, name);
}

function isKnown({ target, name }: PlanStep, channel: string, ownerOf: LookUpOwner): boolean {
  const owner = ownerOf(target, placeOf(name));
  if (owner?.channel !== channel || !knowsAbout(owner, name)) return false;
  return Object.entries(wantedState(name)).every(([key, value]) => owner.left[key] === value);
}

function knowsAbout({ about = [] }: Ownership, name: NameLoad): boolean {
  if (name.kind !== 'git' || name.about === undefined) return true;
  return about.length === 1 && isSameAbout(about[0], name.about);
}

/** What could not be written here was the reason to stop, or the next import will be told. */
function recordStop(
  error: unknown,
  append: (kind: string, data: Record<string, JsonValue>) => LedgerHead,
): void {
  const { code, message } = isGapferryError(error)
    ? error
    : { code: 'INTERNAL', message: redact(error instanceof Error ? error.message : String(error)) };
  try {
    append(IMPORT_ENTRIES.stopped, { code, message });
  } catch {
    // The error that stopped the import is about to be thrown.
  }
}
