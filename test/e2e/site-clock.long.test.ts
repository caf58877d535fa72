import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine } from '../support/command-line.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit.txt, as: kit.txt}
`;
const SITE = ['--site', 'site/site.yaml'];
const HOUR = 60;
let machines: TwoMachines;
beforeAll(async () => {
  machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
  for (const number of [1, 2, 3]) {
    await writeFile(join(machines.outside.directory, 'kit.txt'), `kit ${number}`);
    await machines.collect(...(number === 1 ? ['--first'] : []), '--version', `1.${number}.0`);
  }
}, 60_000);
afterAll(() => machines.close());

interface Told {
  readonly kind?: string;
  readonly record: {
    readonly timing: { readonly total: number; readonly content: number; readonly names: number };
    readonly items: ReadonlyArray<{ readonly ms?: Readonly<Record<string, number>> }>;
    readonly warnings?: ReadonlyArray<{ readonly message: string }>;
  };
}

async function importing(sequence: number, minutes: number): Promise<Told> {
  const place = `${join(machines.outside.directory, 'depot')}#line-a/${sequence}`;
  const told = await gapferryJson(at(minutes), ['import', place, ...SITE, '--yes']);
  return told as unknown as Told;
}

const at = (minutes: number): Machine => shiftedClock(machines.inside, minutes);
const warningsIn = ({ record }: Told): string =>
  (record.warnings ?? []).map(({ message }) => message).join('\n');

describe('a clock that was set back between two imports', { timeout: 60_000 }, () => {
  it('keeps nothing out, is told, and makes no duration wrong', async () => {
    expect(warningsIn(await importing(1, 0))).toBe('');
    const told = await importing(2, -3 * HOUR);
    expect(told.kind).toBe('loaded');
    expect(warningsIn(told)).toMatch(/clock \(.*\) is behind what was done here last/);
    const { timing, items } = told.record;
    const spans = [
      timing.total,
      timing.content,
      timing.names,
      ...items.flatMap(({ ms = {} }) => Object.values(ms)),
    ];
    expect(spans.every((ms) => Number.isInteger(ms) && ms >= 0 && ms < 60_000)).toBe(true);
  });

  it('shows in the ledger, whose chain is whole all the same', async () => {
    const { stdout, code } = await gapferry(machines.inside, ['ledger', 'verify', 'site/state']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/entry \d+: the clock was set back, from \S+Z to \S+Z/);
  });

  it('by more than a day takes no release of today: it is from the future, and the clock is to be set', async () => {
    const place = `${join(machines.outside.directory, 'depot')}#line-a/3`;
    const { error } = await gapferryJson(at(-26 * HOUR), ['import', place, ...SITE, '--yes'], 4);
    expect(error).toMatchObject({ code: 'FUTURE_RELEASE', hint: expect.stringContaining('set the clock') });
  });
});

describe('a clock that was ahead during an import', { timeout: 60_000 }, () => {
  it('tells the time until the policy is pinned again', async () => {
    await importing(3, 40 * HOUR);
    expect(warningsIn(await importing(3, 0))).toContain('pin the trust policy again');
    const shown = await gapferryJson(machines.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
    const { words } = shown['fingerprint'] as { words: string };
    await gapferryJson(machines.inside, ['trust', 'pin', ...SITE, '--fingerprint', words]);
    expect(warningsIn(await importing(3, 0))).toBe('');
  });
});
