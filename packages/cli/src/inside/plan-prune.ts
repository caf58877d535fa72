import {
  FORMATS,
  type PrunedRelease,
  type PrunedTarget,
  type PruneFile,
  siteDigest,
  type TrustedManifest,
} from '@gapferry/bundle';
import {
  type Clock,
  canPrune,
  formatTime,
  type Ledger,
  type PruneRequest,
  type PruneStep,
  type PruneTarget,
  type Run,
  type Target,
} from '@gapferry/core';
import {
  channelHistories,
  choosePruned,
  type LoadedRelease,
  type PruneChoice,
  pruneRequests,
} from '@gapferry/importer';
import { readKeptManifests } from './kept-manifests.ts';
import { openCurrent } from './open-for-prune.ts';
import type { TrustedSite } from './open-site.ts';
import { type OpenTargets, openTargets } from './open-targets.ts';
import { requireKnownChannels } from './require-known-channels.ts';
import { targetPlaces } from './target-places.ts';
import { unknownChannel } from './unknown-channel.ts';

export interface PlanPrune {
  readonly site: TrustedSite;
  readonly ledger: Ledger;
  readonly keep: number;
  readonly channel?: string | undefined;
  readonly clock: Clock;
  /** Version of this gapferry. */
  readonly by: string;
}

/** What goes at one target, and the target to take it from. */
export interface PruneWork {
  readonly target: PruneTarget;
  readonly request: PruneRequest;
  readonly steps: readonly PruneStep[];
}

export interface PlannedPrune {
  readonly file: PruneFile;
  readonly work: readonly PruneWork[];
  /** What the site keeps itself of these goes with them. */
  readonly goes: readonly LoadedRelease[];
  close(): Promise<void>;
}

/** Looks at every target of the site, channel by channel, for what no release that stays needs. Changes nothing. Throws `RELEASE_NOT_FOUND` for a channel that the ledger does not know, `RELEASE_INCOMPLETE` where it is not known what a release that stays needs, or which one does. */
export async function planPrune(input: PlanPrune, run: Run): Promise<PlannedPrune> {
  const { site, ledger, keep, channel } = input;
  const all = choosePruned(ledger, { channel, keep }, (name) => site.mark(name).statement);
  const channels = all.map((one) => one.channel);
  if (channel !== undefined && !channels.includes(channel)) throw unknownChannel(channel, channels);
  const chosen = all.filter((one) => one.goes.length > 0);
  if (chosen.length > 0) requireKnownChannels(ledger, site.state.marks(), channelHistories(ledger));
  const releases = all.flatMap(({ stays, goes }) => [...stays, ...goes]);
  const manifests =
    chosen.length === 0 ? new Map<never, never>() : await readKeptManifests(site.stateDirectory, releases);
  const opened: OpenTargets[] = [];
  const work: PruneWork[] = [];
  const targets: PrunedTarget[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened) await one.close();
  };
  try {
    for (const choice of chosen) {
      const requests = pruneRequests(ledger, all, choice.channel, manifests, targetPlaces(site));
      const open = await openTargets(site, process.env, await currentOf(site, choice, run), run);
      opened.push(open);
      for (const [name, request] of requests) {
        const found = await lookAt(open.targets.get(name), name, request, run);
        targets.push(found.told);
        if (found.work !== undefined) work.push(found.work);
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { file: toFile(input, chosen, targets), work, goes: chosen.flatMap(({ goes }) => goes), close };
}

async function currentOf(site: TrustedSite, choice: PruneChoice, run: Run): Promise<TrustedManifest> {
  return await openCurrent(site, choice.current, run);
}

export const ELSEWHERE: string =
  'some of it was loaded when the site file said something else of where the target is: its own tools remove that';

async function lookAt(
  target: Target | undefined,
  name: string,
  request: PruneRequest,
  run: Run,
): Promise<{ readonly told: PrunedTarget; readonly work?: PruneWork }> {
  const base = { target: name, channel: request.channel };
  if (target === undefined)
    return { told: { ...base, because: 'the site file does not name it any more', steps: [] } };
  if (!canPrune(target))
    return {
      told: { ...base, because: 'nothing can be taken away there safely: its own tools do that', steps: [] },
    };
  const steps = await target.prunable(request, run);
  const told = { ...base, ...(request.elsewhere === true && { because: ELSEWHERE }), steps };
  return { told, work: { target, request, steps } };
}

function toFile(
  { site, keep, channel, clock, by }: PlanPrune,
  chosen: readonly PruneChoice[],
  targets: readonly PrunedTarget[],
): PruneFile {
  return {
    format: FORMATS.prune,
    site: site.config.name,
    siteFile: siteDigest(site.config),
    keep,
    ...(channel !== undefined && { channel }),
    channels: chosen.map((one) => ({
      channel: one.channel,
      stays: one.stays.map(toPruned),
      goes: one.goes.map(toPruned),
    })),
    targets,
    made: { at: formatTime(clock.now()), by },
  };
}

function toPruned({ sequence, version, statement }: LoadedRelease): PrunedRelease {
  return { sequence, version, statement };
}
