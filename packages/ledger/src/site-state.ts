import { join, resolve } from 'node:path';
import type { Mark } from '@gapferry/bundle';
import {
  canonicalBytes,
  type Digest,
  GapferryError,
  isDigest,
  isGapferryError,
  type LedgerHead,
  parseJson,
  shortDigest,
} from '@gapferry/core';
import { z } from 'zod';
import { readSmallFile, replaceFile } from './replace-file.ts';

/** The policy that somebody at the site confirmed by another way. */
export interface TrustPin {
  readonly version: number;
  readonly digest: Digest;
  /** RFC 3339, UTC. */
  readonly pinnedAt: string;
  /** Name of the site that pinned it: everything in the state is that site's. */
  readonly site?: string;
}

/** By channel. */
export type Marks = Readonly<Record<string, Mark>>;

/** What a site must not forget: which policy it trusts, and how far each channel has come. */
export interface SiteState {
  readonly file: string;
  pin(): TrustPin | undefined;
  /** Throws `TRUST_MISMATCH` for a pin that `setPin` would refuse: a lower version than the pinned one, or the same version with another digest. */
  requireNextPin(pin: TrustPin): void;
  /** Replaces the pin. Channels of `initial` that have no mark yet start there; those of `settled` (the policy's own `mark`) are set, whatever they were.
   *  Throws what `requireNextPin` throws. */
  setPin(pin: TrustPin, initial: Marks, settled?: Marks): Promise<void>;
  mark(channel: string): Mark | undefined;
  marks(): Marks;
  /** Durable when it returns. Throws `ROLLBACK` for a lower sequence and `FORK` for the same sequence with another statement. The same mark again writes nothing. */
  raiseMark(channel: string, mark: Mark): Promise<void>;
  /** Head of the site's ledger when it was noted last: a ledger that has not this entry was cut, or is an older one. */
  ledger(): LedgerHead | undefined;
  /** `at`: now, RFC 3339. Durable when it returns; of a site that has pinned nothing yet, nothing is noted. The same head again writes nothing. */
  noteLedger(head: LedgerHead, at?: string): Promise<void>;
  /** The latest moment that was noted with a head, RFC 3339, or when the policy was pinned after that: pinning again sets it to the clock of then. */
  seen(): string | undefined;
}

const FORMAT = 'gapferry.site-state/1';
const LIMITS = { maxBytes: 1 << 20, maxDepth: 8 } as const;

const digest = z.custom<Digest>(isDigest, 'is not a sha256 digest');
const time = z.iso.datetime();
const channelName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);
const schema = z.strictObject({
  format: z.literal(FORMAT),
  pin: z
    .strictObject({
      version: z.int().min(1),
      digest,
      pinnedAt: time,
      site: z.string().min(1).max(200).exactOptional(),
    })
    .exactOptional(),
  ledger: z.strictObject({ index: z.int().min(1), digest }).exactOptional(),
  seen: time.exactOptional(),
  marks: z.record(
    channelName,
    z.strictObject({
      sequence: z.int().min(0),
      statement: digest.exactOptional(),
      issuedAt: time.exactOptional(),
    }),
  ),
});

interface State {
  readonly format: typeof FORMAT;
  readonly pin?: TrustPin;
  readonly ledger?: LedgerHead;
  readonly seen?: string;
  readonly marks: Marks;
}

/** Opens `<directory>/trust-state.json`. None there: nothing is pinned, and imports will refuse. One that cannot be read is `STORAGE_FAILED`, and one that a newer gapferry wrote `FORMAT_UNKNOWN`, never a fresh start.
 *  The state is read once: whoever changes it holds the site's lock. */
export async function openSiteState(directory: string): Promise<SiteState> {
  const file = join(resolve(directory), 'trust-state.json');
  let state: State = (await readState(file)) ?? { format: FORMAT, marks: {} };
  const requireNextPin = (pin: TrustPin): void => {
    if (state.pin !== undefined) requireGrowing(state.pin, pin);
  };
  const change = async (next: State): Promise<void> => {
    // What could not be read back is not written.
    await replaceFile(file, canonicalBytes(schema.parse(next)));
    state = next;
  };
  return {
    file,
    pin: () => state.pin,
    requireNextPin,
    async setPin(pin, initial, settled = {}) {
      requireNextPin(pin);
      await change({ ...state, pin, seen: pin.pinnedAt, marks: { ...initial, ...state.marks, ...settled } });
    },
    mark: (channel) => markIn(state.marks, channel),
    marks: () => state.marks,
    async raiseMark(channel, mark) {
      const current = markIn(state.marks, channel);
      const raised = current === undefined ? mark : raise(channel, current, mark);
      if (raised !== current) await change({ ...state, marks: { ...state.marks, [channel]: raised } });
    },
    ledger: () => state.ledger,
    seen: () => state.seen,
    async noteLedger({ index, digest }, at) {
      const isNoted = state.ledger?.index === index && state.ledger.digest === digest;
      if (state.pin === undefined || isNoted) return;
      const seen = latest(state.seen, at);
      await change({ ...state, ledger: { index, digest }, ...(seen !== undefined && { seen }) });
    },
  };
}

async function readState(file: string): Promise<State | undefined> {
  const bytes = await readSmallFile(file, LIMITS.maxBytes);
  if (bytes === undefined) return undefined;
  try {
    const value = parseJson(bytes, file, LIMITS);
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw isNewer(value, parsed.error) ? newer(file) : damaged(file, parsed.error);
  } catch (error) {
    throw isGapferryError(error, 'JSON_INVALID') || isGapferryError(error, 'LIMIT_EXCEEDED')
      ? damaged(file, error)
      : error;
  }
}

/** Nothing is wrong but that it says more than is known here. */
function isNewer(value: unknown, { issues }: z.ZodError): boolean {
  if (issues.every(({ code }) => code === 'unrecognized_keys')) return true;
  const format = value !== null && typeof value === 'object' && 'format' in value ? value.format : undefined;
  return typeof format === 'string' && /^gapferry\.site-state\/(?:[2-9]|[1-9]\d+)$/.test(format);
}

/** A channel may be called `constructor`. */
function markIn(marks: Marks, channel: string): Mark | undefined {
  return Object.hasOwn(marks, channel) ? marks[channel] : undefined;
}

/** Returns `current` itself when nothing changes. */
function raise(channel: string, current: Mark, next: Mark): Mark {
  if (next.sequence < current.sequence) throw lowered(channel, current, next);
  const fork = next.sequence === current.sequence && current.statement !== undefined;
  if (fork && next.statement !== current.statement) throw forked(channel, current, next);
  const issuedAt = latest(current.issuedAt, next.issuedAt);
  const same =
    next.sequence === current.sequence &&
    next.statement === current.statement &&
    issuedAt === current.issuedAt;
  return same ? current : { ...next, ...(issuedAt !== undefined && { issuedAt }) };
}

/** The latest time ever accepted bounds what "now" can be. */
function latest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) > Date.parse(b) ? a : b;
}

function requireGrowing(pinned: TrustPin, next: TrustPin): void {
  const lower = next.version < pinned.version;
  if (!lower && (next.version > pinned.version || next.digest === pinned.digest)) return;
  throw new GapferryError({
    code: 'TRUST_MISMATCH',
    message: lower
      ? `version ${next.version} of the trust policy is older than version ${pinned.version}, which is pinned`
      : `the trust policy was changed (${shortDigest(next.digest)} instead of ${shortDigest(pinned.digest)}) but is still version ${pinned.version}`,
    hint: 'a changed policy gets the next version number',
    origin: 'site',
    data: { pinned: { ...pinned }, given: { ...next } },
  });
}

function lowered(channel: string, current: Mark, next: Mark): GapferryError {
  return new GapferryError({
    code: 'ROLLBACK',
    message: `the mark of channel ${channel} stands at ${current.sequence} and cannot go back to ${next.sequence}`,
    hint: 'a mark is set back only by `mark:` in the next version of the trust policy',
    origin: 'site',
    data: { channel, mark: current.sequence, sequence: next.sequence },
  });
}

function forked(channel: string, current: Mark, next: Mark): GapferryError {
  return new GapferryError({
    code: 'FORK',
    message: `the mark of channel ${channel} stands at ${current.sequence} with another statement`,
    hint: 'two depots numbered this channel, or somebody used the signing key: find out which',
    origin: 'site',
    data: { channel, sequence: current.sequence, accepted: current.statement, given: next.statement },
  });
}

function newer(file: string): GapferryError {
  return new GapferryError({
    code: 'FORMAT_UNKNOWN',
    message: `${file} was written by a newer gapferry than this one`,
    hint: 'use the gapferry that wrote it, or a newer one; leave the file as it is',
    origin: 'site',
    data: { file },
  });
}

function damaged(file: string, cause: unknown): GapferryError {
  const reason = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : String(cause);
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `${file} is damaged: ${reason.slice(0, 300)}`,
    hint: 'restore it from a backup; or move it away and pin the trust policy again with `gapferry trust pin`, confirmed by another way',
    origin: 'site',
    data: { file },
    cause,
  });
}
