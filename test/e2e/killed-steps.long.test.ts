import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BreakableZone, makeBreakableZone } from '../support/breakable-zone.ts';
import { type Allowed, readBrokenImportTable } from '../support/broken-import-table.ts';
import {
  killEverywhere,
  killInARow,
  type Moment,
  runUnbroken,
  type Undertaking,
} from '../support/kill-everywhere.ts';

const MINUTES = 300_000;

describe('kill -9 at everything that an import writes down', { timeout: MINUTES }, () => {
  let zone: BreakableZone;
  let table: ReadonlyMap<string, Allowed>;
  /** Rows of the guide that were held against what was found. */
  const seen = new Set(['nothing yet']);
  beforeAll(async () => {
    zone = await makeBreakableZone();
    table = await readBrokenImportTable();
  }, MINUTES);
  afterAll(() => zone[Symbol.asyncDispose]());

  const onward = (): Pick<Undertaking, 'before' | 'after' | 'table'> => ({
    before: zone.release(1),
    after: zone.release(2),
    table,
  });

  /** `isMeant`: of the moments at which it can be broken. */
  async function breakIt(undertaking: Undertaking, isMeant: (moment: Moment) => boolean): Promise<void> {
    const { moments, end } = await runUnbroken(undertaking);
    const meant = moments.filter(isMeant);
    await killEverywhere(undertaking, meant, end);
    for (const { last } of meant) seen.add(last);
    expect(await zone.machines.reached()).toBe('');
  }

  it('before and after each step: others find what the guide says, and the same command ends as if nothing had happened', async () => {
    const undertaking = {
      ...onward(),
      fresh: () => zone.fresh(),
      commands: [['import', zone.place(2), '--yes']],
    };
    await breakIt(undertaking, () => true);
  });

  // What they do is the same code as what import does: each step is broken on one side.
  it('in two halves, import --stage and activate, which needs no medium', async () => {
    const undertaking = {
      ...onward(),
      fresh: () => zone.fresh(),
      commands: [
        ['import', zone.place(2), '--stage', '--yes'],
        ['activate', 'line-a/2', '--yes'],
      ],
    };
    await breakIt(undertaking, onOneSide);
  });

  it('on the way back to the release before, with an order that counts once', async () => {
    const undertaking: Undertaking = {
      table,
      before: zone.release(2),
      after: zone.release(1),
      // What came with the newer release stays, but for names that move.
      watched: ['images', 'git', 'index', 'latest'],
      refusedAfter: { last: new Set(['receipt', 'head noted']), code: 4 },
      fresh: () => zone.fresh(2),
      commands: [['import', '--to', 'line-a/1', '--override', zone.order, '--yes']],
    };
    await breakIt(undertaking, onOneSide);
  });

  // What is pruned was loaded into these very servers.
  it('in a row while it takes away what an older release left: what stays is whole, and the same command goes on', async () => {
    const undertaking: Undertaking = {
      ...onward(),
      fresh: () => zone.fresh(0),
      commands: [
        ['import', zone.place(1), '--yes'],
        ['import', zone.place(2), '--yes'],
        ['prune', '--keep', '1', '-o', '{state}.prune.json'],
        ['prune', '--plan', '{state}.prune.json', '--yes'],
      ],
    };
    const { moments, end } = await runUnbroken(undertaking);
    // Killed before these, the next run has nothing more to say: what was moved aside is swept, and what is done is done.
    const unsure = new Set(['prune.removed the state of the site', 'head noted']);
    const isSaid = ({ label }: Moment['step']): boolean => !unsure.has(label);
    const pruning = moments.filter(
      ({ command, step }) => command === 3 && step.side === 'after' && isSaid(step),
    );
    // What was removed and not said once, at the first target; everywhere else after each word.
    const [unsaid] = pruning.filter(({ step }) => step.label.startsWith('prune.removed'));
    const row = pruning.map(({ step, last }) =>
      step === unsaid?.step
        ? { at: `before ${step.label}`, last: 'prune.removing' }
        : { at: `after ${step.label}`, last },
    );
    await killInARow(undertaking, row, end);
    for (const { last } of row) seen.add(last);
    expect({ left: end.left, kept: end.kept.length }).toEqual({ left: [], kept: 1 });
  });

  it('and nothing else stands in the guide', () => {
    expect([...table.keys()].filter((row) => !seen.has(row))).toEqual([]);
  });
});

function onOneSide({ step }: Moment): boolean {
  if (['import.staged', 'import.receipted', 'receipt'].includes(step.label)) return true;
  return step.side === (step.number % 2 === 0 ? 'before' : 'after');
}
