import {
  checkRun,
  type PruneNames,
  type PruneRequest,
  type PruneStep,
  type PruneTarget,
  type Run,
} from '@gapferry/core';
import type { DoneStep, PruneAt, PruneJournal } from './prune-journal.ts';

/** Steps between two lines of the ledger. */
const AT_ONCE = 100;

/** Takes away what was told at one target, in its order: intent into the ledger, effect, outcome; in the end, of the names that the channel left there, which stand no more. What cannot go stays and is told. Killed in between, another prune finds what is left. */
export async function pruneTarget(
  target: PruneTarget,
  steps: readonly PruneStep[],
  request: PruneRequest,
  journal: PruneJournal,
  run: Run,
): Promise<readonly DoneStep[]> {
  const at: PruneAt = { target: target.name, channel: request.channel };
  const going = steps.filter(({ stays }) => stays === undefined);
  const done: DoneStep[] = [];
  for (let from = 0; from < going.length; from += AT_ONCE) {
    const some = going.slice(from, from + AT_ONCE);
    journal.removing(at, some);
    const outcomes: DoneStep[] = [];
    try {
      for (const step of some) {
        checkRun(run);
        const outcome = await target.prune(step, request, run);
        outcomes.push({
          place: step.place,
          outcome: outcome.state,
          ...(outcome.state === 'stays' && { why: outcome.why }),
        });
      }
    } finally {
      if (outcomes.length > 0) journal.removed(at, outcomes);
    }
    done.push(...outcomes);
  }
  await freeNames(target, request, journal, run);
  return done;
}

async function freeNames(
  target: PruneTarget,
  request: PruneRequest,
  journal: PruneJournal,
  run: Run,
): Promise<void> {
  const at: PruneAt = { target: target.name, channel: request.channel };
  const names: PruneNames = {
    manifests: request.manifests.filter((one) => journal.owns(at, placeOfDigest(one))),
    tags: request.tags.filter((tag) => journal.owns(at, placeOfTag(tag))),
    files: request.files.filter((file) => journal.owns(at, placeOfFile(file))),
  };
  if (Object.values(names).every(({ length }) => length === 0)) return;
  const { manifests, tags, files } = await target.gone(names, request, run);
  journal.freed(at, [...manifests.map(placeOfDigest), ...tags.map(placeOfTag), ...files.map(placeOfFile)]);
}

function placeOfDigest({ repository, digest }: PruneNames['manifests'][number]): string {
  return `oci ${repository}@${digest}`;
}

/** As `placeOf` of a plan. */
function placeOfTag({ repository, tag }: PruneNames['tags'][number]): string {
  return `oci ${repository}:${tag}`;
}

function placeOfFile({ path }: PruneNames['files'][number]): string {
  return `file ${path}`;
}
