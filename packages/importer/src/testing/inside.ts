import type { ImportPlan, Mark, TargetRule, VerifiedRelease } from '@gapferry/bundle';
import {
  type Loose,
  policyOf,
  type SimulatedItems,
  type SimulatedRelease,
  simulatedRelease,
  simulatedTrust,
  statementOf,
  type TestKey,
  testGitSignatureVerifier,
  testKey,
  testSigner,
  testUpstreamVerifier,
  testVerifier,
} from '@gapferry/bundle/testing';
import {
  type BlobChecker,
  type BlobReader,
  type Digest,
  type Ledger,
  quietRun,
  type ReleaseAddress,
  type ReleaseReader,
  type Run,
  type RunEvent,
  type Target,
} from '@gapferry/core';
import {
  type FixedClock,
  fixedClock,
  type MemoryBlobStore,
  type MemoryLedger,
  type MemoryReleases,
  type MemoryTarget,
  memoryBlobStore,
  memoryLedger,
  memoryReleases,
  memoryTarget,
} from '@gapferry/testkit';
import { applyPlan } from '../apply-plan.ts';
import type { ImportOutcome } from '../import-outcome.ts';
import type { Monotonic } from '../import-timing.ts';
import { planRelease } from '../plan-release.ts';
import { provingMedium } from '../proving-medium.ts';
import type { StagePlan } from '../reach-barrier.ts';
import { readmitRelease } from '../readmit-release.ts';
import { type StagedOutcome, stagePlan } from '../stage-plan.ts';
import { type VerifyRelease, verifyRelease } from '../verify-release.ts';

export const EVERY_KIND: TargetRule[] = [{ name: 'depot', takes: ['image', 'chart', 'git', 'file'] }];
export const MAIN: string = 'a'.repeat(40);
export const NEXT: string = 'b'.repeat(40);

/** Of every kind one, so that every phase has something to do. */
export const ITEMS: SimulatedItems = {
  images: { 'docker.io/library/nginx:1.27': 'nginx', 'docker.io/library/redis:7': 'redis' },
  charts: { 'ghcr.io/org/charts/app:1.0.0': 'app' },
  git: { 'git.example/ops/line-a': { main: MAIN } },
  files: { 'k3s/k3s': 'k3s binary' },
};

/** What a test may replace by something of its own. */
export interface Swap {
  readonly medium?: BlobReader;
  readonly ledger?: Ledger;
  readonly targets?: ReadonlyMap<string, Target>;
  readonly run?: Run;
  readonly marks?: Map<string, Mark>;
  readonly monotonic?: Monotonic;
  readonly concurrency?: number;
  readonly keep?: (run: Run) => Promise<void>;
  readonly release?: VerifiedRelease;
}

/** A site with everything it remembers, a medium, and the collector whom the site trusts. */
export class Inside {
  readonly collector: TestKey = testKey('collector');
  readonly siteKey: TestKey = testKey('site');
  readonly releases: MemoryReleases = memoryReleases();
  readonly blobs: MemoryBlobStore = memoryBlobStore();
  readonly target: MemoryTarget = memoryTarget('depot');
  readonly ledger: MemoryLedger;
  readonly marks: Map<string, Mark> = new Map();
  readonly receipts: Map<Digest, ImportOutcome> = new Map();
  readonly clock: FixedClock = fixedClock('2026-03-20T00:00:00Z');
  rules: readonly TargetRule[] = EVERY_KIND;
  trust: Loose = simulatedTrust(this.collector);
  /** Files that `trust` names. */
  readonly trustFiles: Map<string, string> = new Map();
  #lastReceipt: Digest | null = null;

  constructor() {
    this.ledger = memoryLedger(this.clock);
  }

  get targets(): ReadonlyMap<string, Target> {
    return new Map([['depot', this.target]]);
  }

  get medium(): ReleaseReader & BlobReader & BlobChecker {
    return { ...this.releases, ...this.blobs };
  }

  /** Puts a release on the medium. Returns its statement digest, for `previous` of the next one. */
  async carry(release: SimulatedRelease, key: TestKey = this.collector): Promise<Digest> {
    const { channel, sequence } = release.predicate;
    const files = release.seal(key);
    for (const [digest, bytes] of release.blobs) this.blobs.blobs.set(digest, bytes);
    await this.releases.writeRelease({ channel, sequence }, files, quietRun());
    return statementOf(files);
  }

  async carryFirst(items: SimulatedItems = ITEMS): Promise<Digest> {
    return await this.carry(simulatedRelease(items));
  }

  async verify(
    address: ReleaseAddress = first,
    run: Run = quietRun(),
    given: Partial<VerifyRelease> = {},
  ): Promise<VerifiedRelease> {
    const { medium, clock } = this;
    const mark = (channel: string): Mark => this.marks.get(channel) ?? { sequence: 0 };
    return await verifyRelease(
      {
        address,
        medium,
        policy: policyOf(this.trust, this.trustFiles),
        verifier: testVerifier(),
        upstreamVerifier: testUpstreamVerifier(),
        gitSignatureVerifier: testGitSignatureVerifier(),
        clock,
        mark,
        ...given,
      },
      run,
    );
  }

  async plan(address: ReleaseAddress = first, swap: Swap = {}): Promise<ImportPlan> {
    const run = swap.run ?? quietRun();
    const release = swap.release ?? (await this.verify(address, run));
    const { medium, rules, ledger } = this;
    return await planRelease({ medium, rules, targets: this.targets, ledger, ...swap, release }, run);
  }

  /** Both gates again, with nothing but what `medium` has and what the ledger says. */
  async readmit(
    medium: ReleaseReader & BlobReader,
    address: ReleaseAddress = first,
  ): Promise<VerifiedRelease> {
    return await readmitRelease(
      {
        address,
        medium,
        ledger: this.ledger,
        policy: policyOf(this.trust, this.trustFiles),
        verifier: testVerifier(),
        upstreamVerifier: testUpstreamVerifier(),
        gitSignatureVerifier: testGitSignatureVerifier(),
        clock: this.clock,
        mark: (channel) => this.marks.get(channel) ?? { sequence: 0 },
      },
      quietRun(),
    );
  }

  async stage(plan: ImportPlan, swap: Swap = {}): Promise<StagedOutcome> {
    return await stagePlan(this.#parts(plan, swap), swap.run ?? quietRun());
  }

  #parts(plan: ImportPlan, swap: Swap): StagePlan {
    const marks = swap.marks ?? this.marks;
    return {
      plan,
      medium: swap.medium ?? this.blobs,
      targets: swap.targets ?? this.targets,
      ledger: swap.ledger ?? this.ledger,
      state: {
        mark: (channel) => marks.get(channel) ?? { sequence: 0 },
        raiseMark: (channel, mark) => void marks.set(channel, mark),
      },
      site: 'plant-7',
      clock: this.clock,
      ...(swap.keep !== undefined && { keep: swap.keep }),
      ...(swap.monotonic !== undefined && { monotonic: swap.monotonic }),
      ...(swap.concurrency !== undefined && { concurrency: swap.concurrency }),
    };
  }

  async apply(plan: ImportPlan, swap: Swap = {}): Promise<ImportOutcome> {
    const outcome = await applyPlan(
      {
        ...this.#parts(plan, swap),
        receiptSigner: testSigner(this.siteKey),
        previousReceipt: this.#lastReceipt,
        hasReceipt: this.receipts.has(plan.statement),
      },
      swap.run ?? quietRun(),
    );
    if (outcome.receipt !== undefined) this.#lastReceipt = outcome.receipt.statement;
    if (outcome.receipt?.receipt.status === 'loaded') this.receipts.set(plan.statement, outcome);
    return outcome;
  }

  /** verify → plan → apply, as the command does. */
  async importRelease(address: ReleaseAddress = first, swap: Swap = {}): Promise<ImportOutcome> {
    return await this.apply(await this.plan(address, swap), swap);
  }

  /** The same in one pass over `medium`. */
  async importInOnePass(medium: Inside['medium'] = this.medium, swap: Swap = {}): Promise<ImportOutcome> {
    const read = provingMedium(medium);
    const release = await this.verify(first, swap.run, { medium: read, onePass: true, rules: this.rules });
    const plan = await this.plan(first, { ...swap, medium: read, release });
    return await this.apply(plan, { ...swap, medium: read });
  }

  /** The same as the command does it: what the ledger says was let in before is hashed as far as it is sent. */
  async importAgain(
    medium: Inside['medium'] = this.medium,
    swap: Swap = {},
    address: ReleaseAddress = first,
  ): Promise<ImportOutcome> {
    const read = provingMedium(medium);
    const release = await this.verify(address, swap.run, { medium: read, ledger: this.ledger });
    const plan = await this.plan(address, { ...swap, medium: read, release });
    return await this.apply(plan, { ...swap, medium: read });
  }

  /** Kinds of the ledger's entries, in order. */
  get story(): string[] {
    return this.ledger.entries.map(({ kind }) => kind);
  }
}

export const first: ReleaseAddress = { channel: 'line-a', sequence: 1 };
export const secondRelease: ReleaseAddress = { channel: 'line-a', sequence: 2 };

/** A run that notes what it is told, and stops itself at the n-th event (from 0), if given. */
export function listeningRun(stopAt = -1): Run & { readonly events: readonly RunEvent[] } {
  const stop = new AbortController();
  const events: RunEvent[] = [];
  return {
    events,
    signal: stop.signal,
    emit: (event) => {
      if (events.push(event) - 1 === stopAt) stop.abort();
    },
  };
}

/** A target that does what `before` does first, and then what the target itself does. */
export function meddledTarget(target: Target, before: Partial<Target>): Target {
  return {
    name: target.name,
    inspect: async (load, run) => (await before.inspect?.(load, run)) ?? (await target.inspect(load, run)),
    load: async (load, from, run) => {
      await before.load?.(load, from, run);
      return await target.load(load, from, run);
    },
    readBack: async (load, run) => {
      await before.readBack?.(load, run);
      await target.readBack(load, run);
    },
  };
}
