import { digestOf, type Presence } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { importLoads, placeOf } from './import-loads.ts';
import { planImport, type SurveyedLoads } from './plan-import.ts';
import { type SimulatedItems, simulatedRelease, verifySimulated } from './testing/index.ts';

const MAIN = 'a'.repeat(40);
const SAME: Presence = { state: 'same' };

function survey(items: SimulatedItems) {
  const verified = verifySimulated(simulatedRelease(items));
  const loads = importLoads(
    verified,
    [{ name: 'depot', takes: ['image', 'chart', 'git', 'file'] }],
    new Map(),
  );
  const surveyed = loads.map(
    (load): SurveyedLoads => ({ ...load, contentPresence: SAME, namePresence: SAME }),
  );
  return { verified, surveyed };
}

describe('two spellings of one place', () => {
  it.each<[string, SimulatedItems, SimulatedItems]>([
    [
      'hosts in upper and lower case',
      { images: { 'Registry.example/app:1': 'x' } },
      { images: { 'registry.example/app:1': 'x' } },
    ],
    [
      'a port and a dash',
      { images: { 'r.example:5000/app:1': 'x' } },
      { images: { 'r.example-5000/app:1': 'x' } },
    ],
    [
      'charts and a port',
      { charts: { 'r.example:5000/c:1.0.0': 'x' } },
      { charts: { 'r.example-5000/c:1.0.0': 'x' } },
    ],
    [
      'a repository and its name with .git',
      { git: { 'git.example/ops/a.git': { main: MAIN } } },
      { git: { 'git.example/ops/a': { main: MAIN } } },
    ],
  ])('belong to the channel that came first: %s', (_, one, other) => {
    const [owned] = survey(other).surveyed;
    const place = owned === undefined ? '' : placeOf(owned.name);
    const { verified, surveyed } = survey(one);
    const left = { digest: digestOf('x') };
    const plan = (): unknown =>
      planImport(verified, surveyed, (_target, asked) =>
        asked === place ? { channel: 'line-b', left } : undefined,
      );
    expect(plan).toThrow('belongs to channel line-b');
  });

  it('cannot both be in one release', () => {
    const images = { 'Registry.example/app:1': 'x', 'registry.example/app:1': 'y' };
    expect(() => survey({ images })).toThrow(
      'image Registry.example/app:1 and image registry.example/app:1 would both be registry.example/app:1',
    );
    const charts = { 'r.example/c:1.0.0+a': 'x', 'r.example/c:1.0.0_a': 'y' };
    expect(() => survey({ charts })).toThrow('would both be r.example/c:1.0.0_a');
  });

  it('cannot be an image and a chart at one target', () => {
    const { verified, surveyed } = survey({
      images: { 'registry.example/app:1': 'x' },
      charts: { 'registry.example/app:1': 'y' },
    });
    expect(() => planImport(verified, surveyed, () => undefined)).toThrow(
      'would both be registry.example/app:1',
    );
  });

  it('are not tags that differ by case alone: no target names a file after one', () => {
    const { surveyed } = survey({ images: { 'r.example/app:V1': 'x', 'r.example/app:v1': 'y' } });
    expect(surveyed.map(({ name }) => placeOf(name))).toEqual([
      'oci r.example/app:V1',
      'oci r.example/app:v1',
    ]);
  });
});
