import { rename, rm } from 'node:fs/promises';
import type { PruneFile } from '@gapferry/bundle';
import { type Digest, isGapferryError, type JsonValue, type Ledger, type Run, redact } from '@gapferry/core';
import { type DoneStep, openPruneJournal, type PruneJournal } from '@gapferry/importer';
import { keptOf } from './kept-manifests.ts';
import { readKeptReleases } from './kept-releases.ts';
import type { TrustedSite } from './open-site.ts';
import { ELSEWHERE, type PlannedPrune } from './plan-prune.ts';

export interface ApplyPrune {
  readonly planned: PlannedPrune;
  readonly site: TrustedSite;
  readonly ledger: Ledger;
  /** Of the file that was approved. */
  readonly approved: Digest;
}

export interface PrunedOutcome {
  /** `partly-pruned`: something could not be removed. */
  readonly kind: 'pruned' | 'partly-pruned';
  readonly removed: number;
  readonly stayed: ReadonlyArray<{ readonly target: string; readonly place: string; readonly why: string }>;
}

/** Takes away what was approved, target by target, each step in the ledger before and after it; then what the site keeps itself of the releases that went, where everything of them went. */
export async function applyPrune(
  { planned, site, ledger, approved }: ApplyPrune,
  run: Run,
): Promise<PrunedOutcome> {
  const { pruneTarget } = await import('@gapferry/importer');
  const journal = openPruneJournal(ledger, approved);
  journal.began(beganData(planned.file));
  const stayed: PrunedOutcome['stayed'][number][] = [];
  let removed = 0;
  try {
    for (const { target, steps, request } of planned.work) {
      const done = await pruneTarget(target, steps, request, journal, run);
      removed += done.filter(({ outcome }) => outcome !== 'stays').length;
      stayed.push(...done.flatMap((step) => stayedStep(target.name, step)));
      // Found again where the site file says once more what it said then.
      if (request.elsewhere === true)
        stayed.push({ target: target.name, place: 'what is elsewhere', why: ELSEWHERE });
    }
    if (stayed.length === 0) await forgetReleases(planned, site, journal);
    journal.finished({ removed, stayed: stayed.length });
  } catch (error) {
    const { code, message } = isGapferryError(error)
      ? error
      : { code: 'INTERNAL', message: redact(error instanceof Error ? error.message : String(error)) };
    journal.stopped(code, message);
    throw error;
  }
  return { kind: stayed.length === 0 ? 'pruned' : 'partly-pruned', removed, stayed };
}

function beganData({ site, keep, channels }: PruneFile): Record<string, JsonValue> {
  const numbers = (releases: readonly { readonly statement: Digest }[]): JsonValue =>
    releases.map(({ statement }) => statement);
  return {
    site,
    keep,
    channels: channels.map(({ channel, stays, goes }) => ({
      channel,
      stays: numbers(stays),
      goes: numbers(goes),
    })),
  };
}

function stayedStep(
  target: string,
  { place, outcome, why = '' }: DoneStep,
): readonly PrunedOutcome['stayed'][number][] {
  return outcome === 'stays' ? [{ target, place, why }] : [];
}

/** Last: what is left after a break is found by it. */
async function forgetReleases(
  { goes }: PlannedPrune,
  { stateDirectory }: TrustedSite,
  journal: PruneJournal,
): Promise<void> {
  const all = await readKeptReleases(stateDirectory);
  for (const release of goes) {
    const kept = keptOf(all, release);
    if (kept === undefined) continue;
    const at = { target: 'the state of the site', channel: release.channel };
    journal.removing(at, [{ place: `${release.channel}/${release.sequence}`, what: 'files' }]);
    // In one step: half a release would be taken for a damaged one.
    const going = `${kept.directory}.going`;
    await rm(going, { recursive: true, force: true });
    await rename(kept.directory, going);
    await rm(going, { recursive: true, force: true });
    journal.removed(at, [{ place: `${release.channel}/${release.sequence}`, outcome: 'removed' }]);
  }
}
