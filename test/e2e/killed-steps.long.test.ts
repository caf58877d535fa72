import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BreakableZone, makeBreakableZone, type ReleaseContent } from '../support/breakable-zone.ts';
import { type Allowed, readBrokenImportTable } from '../support/broken-import-table.ts';
import { killEverywhere, type Moment, runUnbroken, type Undertaking } from '../support/kill-everywhere.ts';

const MINUTES = 300_000;

describe('kill -9 before and after everything that an import writes down', { timeout: MINUTES }, () => {
  let zone: BreakableZone;
  let table: ReadonlyMap<string, Allowed>;
  beforeAll(async () => {
    zone = await makeBreakableZone();
    table = await readBrokenImportTable();
  }, MINUTES);
  afterAll(() => zone[Symbol.asyncDispose]());

  const release = (number: number): ReleaseContent => {
    const found = zone.releases.get(number);
    if (found === undefined) throw new Error(`there is no release ${number}`);
    return found;
  };

  async function everywhere(undertaking: Undertaking): Promise<Moment[]> {
    const { moments, end } = await runUnbroken(undertaking);
    await killEverywhere(undertaking, moments, end);
    return moments;
  }

  it('shows others what the guide says, and the same command ends as if nothing had happened', async () => {
    const moments = await everywhere({
      fresh: zone.fresh,
      commands: [['import', zone.place(2), '--yes']],
      before: release(1),
      after: release(2),
      table,
    });
    // Every row of the guide is true of a moment that there is.
    const seen = new Set(['nothing yet', ...moments.map(({ last }) => last)]);
    expect([...table.keys()].filter((row) => !seen.has(row))).toEqual([]);
    expect(await zone.machines.reached()).toBe('');
  });
});
