import { existsSync } from 'node:fs';
import { GapferryError, isGapferryError, isInterruption, type Run, type Target } from '@gapferry/core';
import type { ChannelHistory, HistoricRelease, JudgedRelease, TargetLook } from '@gapferry/importer';
import type { OpenLedger } from '@gapferry/ledger';
import { type ChannelStatus, contentAges, type StatusProblem, type TargetStatus } from '@gapferry/report';
import { systemClock } from '../clock.ts';
import { readmitForSite } from './judge-release.ts';
import { findKeptRelease } from './kept-releases.ts';
import type { TrustedSite } from './open-site.ts';
import { openTargets } from './open-targets.ts';
import { unopenedTarget } from './unopened-target.ts';

export type Compared = Pick<ChannelStatus, 'content' | 'targets' | 'notCompared'>;

export interface LookedAt {
  readonly site: TrustedSite;
  readonly ledger: OpenLedger;
  /** Targets that could not be reached, with what they were asked for first: each is waited for once, however many channels there are. Grows. */
  readonly away: Map<string, GapferryError>;
}

/** Holds what a channel left at the targets against what they say now, by the releases that the site keeps. Without a kept release, or when today's policy refuses it, it says why nothing was compared. */
export async function compareChannel(
  place: LookedAt,
  channel: string,
  { loaded, named }: ChannelHistory,
  run: Run,
): Promise<Compared> {
  const { site, ledger } = place;
  // What was set last counts: names of an import that did not come to its end stand beside those of the one before.
  const isAgain = named?.statement === loaded?.statement;
  const wanted: HistoricRelease[] = [isAgain ? [] : (named ?? []), loaded ?? []].flat();
  const releases: JudgedRelease[] = [];
  let notCompared: StatusProblem | undefined;
  for (const { sequence, statement } of wanted)
    try {
      const kept = await findKeptRelease(site.stateDirectory, { channel, sequence, statement });
      const isLoaded = statement === loaded?.statement;
      releases.push({ ...(await readmitForSite(kept, withoutMarks(site), ledger, run)), isLoaded });
    } catch (error) {
      if (!isGapferryError(error) || isInterruption(error)) throw error;
      notCompared = toProblem(error);
    }
  const [first] = releases;
  if (first === undefined) return notCompared === undefined ? {} : { notCompared };
  const current = releases.find(({ release }) => release.opened.statement === loaded?.statement);
  const content =
    current === undefined ? [] : contentAges(current.release.opened.manifest, systemClock.now());
  return {
    ...(content.length > 0 && { content }),
    targets: await lookAround(place, first, releases, run),
    ...(notCompared !== undefined && { notCompared }),
  };
}

/** It was accepted once; a higher mark, after going back, does not matter to who only looks. */
function withoutMarks(site: TrustedSite): TrustedSite {
  return { ...site, mark: () => ({ sequence: 0 }) };
}

async function lookAround(
  { site, ledger, away }: LookedAt,
  first: JudgedRelease,
  releases: readonly JudgedRelease[],
  run: Run,
): Promise<TargetStatus[]> {
  const { findDrift } = await import('@gapferry/importer');
  const rules = site.config.targets.map(({ name, takes }) => ({ name, takes }));
  const gone = goneDepots(site);
  const opened = await openTargets(withoutTargets(site, gone), process.env, first.release.opened, run, {
    looksOnly: true,
  });
  try {
    const targets = new Map([
      ...opened.targets,
      ...gone.map((name) => [name, emptyTarget(name)] as const),
      ...[...away].map(([name, error]) => [name, unopenedTarget(name, error)] as const),
    ]);
    const looks = await findDrift({ releases, rules, targets, ledger }, run);
    for (const look of looks) if (isAway(look)) away.set(look.target, look.error);
    return looks.map(toTargetStatus);
  } finally {
    await opened.close();
  }
}

/** It did not answer a single question. */
function isAway(look: TargetLook): look is TargetLook & { readonly error: GapferryError } {
  const { error, same, drift } = look;
  const isUnreachable = isGapferryError(error, 'TIMED_OUT') || isGapferryError(error, 'UNREACHABLE');
  return isUnreachable && same === 0 && drift.length === 0;
}

/** Opening an embedded depot would make its directory anew; whoever only looks does not. */
function goneDepots({ config, pathOf }: TrustedSite): string[] {
  return config.targets.flatMap((target) =>
    target.kind === 'depot' && !existsSync(pathOf(target.path)) ? [target.name] : [],
  );
}

function withoutTargets(site: TrustedSite, names: readonly string[]): TrustedSite {
  const targets = site.config.targets.filter(({ name }) => !names.includes(name));
  return { ...site, config: { ...site.config, targets } };
}

/** In which nothing is. */
function emptyTarget(name: string): Target {
  const never = async (): Promise<never> => {
    throw new GapferryError({ code: 'INTERNAL', message: `target ${name} was opened to look only` });
  };
  return { name, inspect: async () => ({ state: 'absent', missingBytes: 0 }), load: never, readBack: never };
}

function toTargetStatus({ error, ...look }: TargetLook): TargetStatus {
  return { ...look, ...(error !== undefined && { error: toProblem(error) }) };
}

/** An error as a status tells it. */
export function toProblem({ code, message, hint }: GapferryError): StatusProblem {
  return { code, message, ...(hint !== undefined && { hint }) };
}
