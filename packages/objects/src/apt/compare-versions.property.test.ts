import { isMissing, mustRun } from '@gapferry/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from './compare-versions.ts';

const word = (characters: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), maxLength });
const version = fc
  .tuple(
    fc.constantFrom('', '', '0:', '1:', '01:'),
    word('0019~+.az-', 8),
    fc.constantFrom('', '-1', '-0', '-1~', '-a+b1'),
  )
  .map(([epoch, upstream, revision]) => `${epoch}1${upstream}${revision}`)
  // A revision that is empty is none.
  .filter((text) => !text.endsWith('-'));

describe('the order of Debian versions', () => {
  it.each([
    ['1.0', '1.0-0', 0],
    ['1.0', '1.0-1', -1],
    ['1.0~rc1', '1.0', -1],
    ['1.0~~', '1.0~', -1],
    ['1.0+b1', '1.0', 1],
    ['1.0a', '1.0+', -1],
    ['1.10', '1.9', 1],
    ['1:0.1', '9', 1],
    ['0:1', '1', 0],
    ['1.00001', '1.1', 0],
    ['2-1-1', '2-1-2', -1],
    ['10000000000000000000000000000000000002', '10000000000000000000000000000000000001', 1],
  ])('of %s and %s is %i', (a, b, order) => {
    expect(Math.sign(compareVersions(a, b))).toBe(order);
    expect(Math.sign(compareVersions(b, a))).toBe(order === 0 ? 0 : -order);
  });

  it('is one: equal to itself, turned round, and transitive', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const sorted = [a, b, c].sort(compareVersions);
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        expect(compareVersions(sorted[0] ?? '', sorted[2] ?? '')).toBeLessThanOrEqual(0);
      }),
    );
  });

  it.skipIf(isMissing('dpkg', 'sh'))('is that of dpkg', async () => {
    const pairs = [
      ...fc.sample(fc.tuple(version, version), { numRuns: 120, seed: 5612 }),
      ['0:1.00', '1.0-0'] as const,
    ];
    const script = pairs.map(
      ([a, b]) =>
        `if dpkg --compare-versions '${a}' lt '${b}'; then echo -1; elif dpkg --compare-versions '${a}' gt '${b}'; then echo 1; else echo 0; fi`,
    );
    const said = (await mustRun('sh', ['-c', script.join('\n')])).trim().split('\n').map(Number);
    expect(pairs.map(([a, b]) => [a, b, Math.sign(compareVersions(a, b))])).toEqual(
      pairs.map(([a, b], i) => [a, b, said[i]]),
    );
    expect(new Set(said)).toEqual(new Set([-1, 0, 1]));
  });
});
