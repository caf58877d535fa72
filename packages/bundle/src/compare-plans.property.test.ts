import { digestOf } from '@gapferry/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparePlans, isSamePlan } from './compare-plans.ts';
import { encodePlanFile, type PlanFile, type PlanFileStep, parsePlanFile } from './plan-file.ts';
import { planState } from './step-state.ts';

const step = fc.record({
  kind: fc.constantFrom('image', 'chart', 'file'),
  item: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
  content: fc.constantFrom('send', 'same'),
  name: fc.constantFrom('create', 'move', 'describe', 'same'),
  bytes: fc.nat(),
  state: fc.nat().map((n) => digestOf(`state ${n}`)),
  lfs: fc.option(fc.nat(), { nil: undefined }),
});
const steps = fc.array(step, { maxLength: 12 }).map((list): PlanFileStep[] =>
  // Every place is there once, as planImport sees to.
  list.map(({ lfs, ...rest }, i) => ({
    ...(rest as Omit<PlanFileStep, 'target' | 'place'>),
    target: i % 2 === 0 ? 'harbor' : 'minio',
    place: `file ${i}`,
    ...(lfs !== undefined && { lfs }),
  })),
);

function fileOf(list: readonly PlanFileStep[]): PlanFile {
  return {
    format: 'gapferry.plan/1',
    site: 'plant-7',
    release: {
      channel: 'line-a',
      sequence: 3,
      version: '1.0.0',
      statement: digestOf('s'),
      manifest: digestOf('m'),
    },
    trust: { version: 1, digest: digestOf('t') },
    siteFile: digestOf('site'),
    state: planState(list),
    totals: { items: list.length, toLoad: 0, same: 0, moved: 0, bytes: 0 },
    steps: list,
    made: { at: '2026-11-22T03:00:00Z', by: '0.1.0' },
  };
}

it('finds no difference between a plan and what is read from its file', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const file = fileOf(list);
      expect(isSamePlan(comparePlans(file, parsePlanFile(encodePlanFile(file), 'plan.json')))).toBe(true);
    }),
  );
});

it('names exactly the steps that were changed, left out and added, once each', () => {
  const fate = fc.constantFrom('stays', 'state', 'bytes', 'goes', 'comes');
  fc.assert(
    fc.property(steps, fc.array(fate, { minLength: 12, maxLength: 12 }), (list, fates) => {
      const has = (...wanted: readonly string[]) => list.filter((_, i) => wanted.includes(fates[i] ?? ''));
      const was = list.filter((one) => !has('comes').includes(one));
      const is = list
        .filter((one) => !has('goes').includes(one))
        .map((one) => {
          if (has('state').includes(one)) return { ...one, state: digestOf('another') };
          return has('bytes').includes(one) ? { ...one, bytes: one.bytes + 1 } : one;
        });
      const found = comparePlans(fileOf(was), fileOf(is)).steps;
      const places = (some: readonly { readonly place: string }[]): string[] =>
        some.map(({ place }) => place).sort();
      expect(places(found)).toEqual(places(has('state', 'bytes', 'goes', 'comes')));
      expect(places(found.filter((one) => one.is === undefined))).toEqual(places(has('goes')));
      expect(places(found.filter((one) => one.was === undefined))).toEqual(places(has('comes')));
    }),
  );
});

it('lets no step of a doctored file stand behind another one of the same place', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (list, n) => {
      const one = list[n % Math.max(1, list.length)];
      fc.pre(one !== undefined);
      const other = { ...one, bytes: one.bytes + 1, state: digestOf('another') };
      for (const doctored of [
        [other, ...list],
        [...list, other],
      ])
        expect(
          isSamePlan(comparePlans(fileOf(doctored), { ...fileOf(list), totals: fileOf(doctored).totals })),
        ).toBe(false);
    }),
  );
});
