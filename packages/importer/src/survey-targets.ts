import {
  type ItemLoads,
  importLoads,
  type SurveyedLoads,
  type TargetRule,
  type VerifiedRelease,
} from '@gapferry/bundle';
import { type BlobReader, hasPreflight, type Load, type Run, type Target } from '@gapferry/core';
import { readFileLists } from './read-file-lists.ts';
import { readReached } from './read-reached.ts';
import { readRefLists } from './read-ref-lists.ts';
import { requireLfsLists } from './require-lfs-lists.ts';
import { requireTarget } from './require-target.ts';
import { runAll } from './run-all.ts';

export interface SurveyTargets {
  readonly release: VerifiedRelease;
  readonly medium: BlobReader;
  /** In the order of the site file: the first that takes an item's kind takes the item. */
  readonly rules: readonly TargetRule[];
  /** By name; one for each of `rules`. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Items asked about at a time; 16. */
  readonly concurrency?: number;
}

/** Asks every target what it holds of the release, in manifest order. Targets that can judge a release at once do so first. Looks only.
 *  Throws `CONFIG_INVALID` for an item that no target takes, what a target's preflight refuses, and what reading a list throws. */
export async function surveyTargets(input: SurveyTargets, run: Run): Promise<SurveyedLoads[]> {
  const { release, medium } = input;
  const refs = await readRefLists(release, medium, run);
  await requireLfsLists(release, medium, run);
  const reached = await readReached(release, medium, run);
  const files = await readFileLists(release, medium, run);
  const loads = importLoads(release, input.rules, refs, reached, files);
  run.emit({ kind: 'stage', stage: 'survey', items: loads.filter(({ content }) => content).length });
  await preflight(loads, input, run);
  return await runAll(
    loads,
    (item, inner) => survey(item, input.targets, inner),
    input.concurrency ?? 16,
    run,
  );
}

async function preflight(
  loads: readonly ItemLoads[],
  { targets, medium }: Pick<SurveyTargets, 'targets' | 'medium'>,
  run: Run,
): Promise<void> {
  for (const [name, items] of Map.groupBy(loads, (item) => item.target)) {
    const target = requireTarget(targets, name);
    const all: Load[] = items.flatMap(({ content, name: visible }) =>
      content === undefined ? [visible] : [content, visible],
    );
    if (hasPreflight(target)) await target.preflight(all, run, medium);
  }
}

async function survey(
  loads: ItemLoads,
  targets: ReadonlyMap<string, Target>,
  run: Run,
): Promise<SurveyedLoads> {
  const target = requireTarget(targets, loads.target);
  const [contentPresence, namePresence] = await Promise.all([
    loads.content === undefined ? undefined : target.inspect(loads.content, run),
    target.inspect(loads.name, run),
  ]);
  if (loads.content === undefined || contentPresence === undefined) return { ...loads, namePresence };
  const same = contentPresence.state === 'same' && namePresence.state === 'same';
  run.emit({ kind: 'item-done', item: loads.content.item, outcome: same ? 'same' : 'done' });
  return { ...loads, contentPresence, namePresence };
}
