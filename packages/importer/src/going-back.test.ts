import { encodeOverride, type Mark, type OverrideOrder, parseReceipt } from '@gapferry/bundle';
import { seal, simulatedRelease, type TestKey, testKey, testVerifier } from '@gapferry/bundle/testing';
import { type Digest, digestOf, isGapferryError, type NameState, quietRun } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { isOverrideSpent, stayingNames } from './going-back.ts';
import { planRelease } from './plan-release.ts';
import { provingMedium } from './proving-medium.ts';
import { first, Inside, MAIN, meddledTarget, NEXT, secondRelease } from './testing/inside.ts';

const anna: TestKey = testKey('anna');

let inside: Inside;
let old: Digest;
let newer: Digest;
/** What stood there after the first import. */
let before: ReadonlyMap<string, NameState>;

beforeEach(async () => {
  inside = new Inside();
  inside.trust.keys.anna = { pem: anna.publicPem, owner: 'anna' };
  inside.trust.channels['line-a'].overrides = [{ role: 'approver', keys: ['anna'], count: 1 }];
  const items = {
    images: { 'docker.io/library/nginx:1.27': 'nginx' },
    git: { 'git.example/ops/line-a': { main: MAIN } },
  };
  old = await inside.carry(simulatedRelease(items));
  const more = {
    images: { 'docker.io/library/nginx:1.27': 'nginx, patched', 'docker.io/library/redis:7': 'redis' },
    git: { 'git.example/ops/line-a': { main: NEXT, 'release/2': NEXT } },
  };
  newer = await inside.carry(simulatedRelease(more, 2, old));
  await inside.importRelease(first);
  before = new Map(inside.target.names);
  await inside.importRelease(secondRelease);
});

function payload(reason = 'release 2 loses messages'): Uint8Array {
  return encodeOverride({
    format: 'gapferry.override/1',
    site: 'plant-7',
    channel: 'line-a',
    from: newer,
    to: old,
    reason,
    issuedAt: '2026-03-19T00:00:00Z',
    notAfter: '2026-03-25T00:00:00Z',
  });
}

function order(bytes: Uint8Array = payload()): OverrideOrder {
  return {
    signatures: [seal(anna, bytes)],
    site: 'plant-7',
    isSpent: (override) => isOverrideSpent(inside.ledger, override),
  };
}

async function planBack(bytes?: Uint8Array): ReturnType<typeof planRelease> {
  const release = await inside.verify(first, undefined, { override: order(bytes) });
  const { medium, rules, ledger, targets } = inside;
  return await planRelease({ release, medium, rules, targets, ledger }, quietRun());
}

async function refusal(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (isGapferryError(error)) return error.code;
    throw error;
  }
  return 'done';
}

describe('going back with an override', () => {
  it('moves names back, keeps the mark, and says by whose order in record, receipt and ledger', async () => {
    const mark = inside.marks.get('line-a') as Mark;
    const { kind, record, receipt } = await inside.apply(await planBack());
    expect(kind).toBe('loaded');
    for (const [place, state] of before) expect(inside.target.names.get(place)).toMatchObject(state);
    expect(inside.marks.get('line-a')).toEqual(mark);
    const override = digestOf(payload());
    const back = { statement: override, from: newer, reason: 'release 2 loses messages' };
    expect(record.override).toMatchObject({ ...back, signers: [{ key: 'anna', owner: 'anna' }] });
    const signed = testVerifier().verify(receipt?.bytes ?? new Uint8Array(), [
      { id: 'site', owner: 'site', pem: inside.siteKey.publicPem },
    ]);
    expect(parseReceipt(signed.bytes)).toMatchObject({
      statement: old,
      sequence: 1,
      status: 'loaded',
      override,
    });
    const began = inside.ledger.entries.filter(({ kind: entry }) => entry === 'import.began');
    expect(began.map(({ data }) => data['override'])).toEqual([undefined, undefined, override]);
    expect(began.at(-1)?.data['back']).toMatchObject({ from: newer, reason: 'release 2 loses messages' });
  });

  it('reads of a medium only what a target lacks', async () => {
    const { rules, ledger, targets } = inside;
    const medium = provingMedium(inside.medium);
    const release = await inside.verify(first, undefined, { override: order(), medium, ledger });
    const plan = await planRelease({ release, medium, rules, targets, ledger }, quietRun());
    const { kind, record } = await inside.apply(plan, { medium });
    expect(kind).toBe('loaded');
    expect(record.admitted?.notRead).toBeGreaterThan(0);
    expect(medium.proven.has(digestOf('layer of nginx'))).toBe(false);
    for (const [place, state] of before) expect(inside.target.names.get(place)).toMatchObject(state);
  });

  it('lets the newest come again, and what follows it, without an override', async () => {
    await inside.apply(await planBack());
    expect((await inside.importRelease(secondRelease)).kind).toBe('loaded');
    expect((await inside.importRelease(secondRelease)).kind).toBe('unchanged');
    await inside.carry(simulatedRelease({ images: { 'docker.io/library/nginx:1.27': 'third' } }, 3, newer));
    expect((await inside.importRelease({ channel: 'line-a', sequence: 3 })).kind).toBe('loaded');
  });

  it('is refused without one, however often it was done before', async () => {
    await inside.apply(await planBack());
    expect(await refusal(() => inside.plan(first))).toBe('ROLLBACK');
  });

  it('counts once', async () => {
    await inside.apply(await planBack());
    expect(await refusal(planBack)).toBe('OVERRIDE_REFUSED');
    await inside.importRelease(secondRelease);
    expect(await refusal(planBack)).toBe('OVERRIDE_REFUSED');
    expect(await refusal(() => planBack(payload('for another reason')))).toBe('done');
  });

  it('may be finished with the same one when it broke off, also after it was only partly loaded', async () => {
    const plan = await planBack();
    const broken = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.phase === 'name' && load.kind === 'git') throw new Error('power cut');
        return { state: 'same', bytes: 0 };
      },
    });
    const targets = new Map([['depot', broken]]);
    await expect(inside.apply(plan, { targets })).rejects.toThrow('power cut');
    expect(isOverrideSpent(inside.ledger, digestOf(payload()))).toBe(false);
    expect((await inside.apply(await planBack())).kind).toBe('loaded');
    expect(isOverrideSpent(inside.ledger, digestOf(payload()))).toBe(true);
    // Killed before the receipt that the ledger tells of was on the disk.
    expect(isOverrideSpent(inside.ledger, digestOf(payload()), () => false)).toBe(false);
  });

  it('may not be finished after another release of the channel was begun', async () => {
    const broken = meddledTarget(inside.target, {
      load: async () => {
        throw new Error('power cut');
      },
    });
    const plan = await planBack();
    await expect(inside.apply(plan, { targets: new Map([['depot', broken]]) })).rejects.toThrow('power cut');
    await inside.importRelease(secondRelease);
    expect(await refusal(planBack)).toBe('OVERRIDE_REFUSED');
  });

  it('a plan made before the mark rose further is not applied', async () => {
    const plan = await planBack();
    const third = simulatedRelease({ images: { 'docker.io/library/nginx:1.27': 'third' } }, 3, newer);
    await inside.carry(third);
    await inside.importRelease({ channel: 'line-a', sequence: 3 });
    expect(await refusal(() => inside.apply(plan))).toBe('ROLLBACK');
  });
});

describe('what a newer release brought and the older one does not name', () => {
  it('stays, and is told: whole names, and refs of a repository that both have', async () => {
    const plan = await planBack();
    const [git, redis] = ['git git.example/ops/line-a', 'image docker.io/library/redis:7'];
    const staying = stayingNames(inside.ledger, plan);
    expect(staying).toHaveLength(2);
    expect(staying).toContainEqual({ target: 'depot', place: 'oci docker.io/library/redis:7', item: redis });
    expect(staying).toContainEqual({
      target: 'depot',
      place: git,
      item: git,
      names: ['refs/heads/release/2'],
    });
    await inside.apply(plan);
    expect([...inside.target.names.keys()].some((place) => place.includes('redis'))).toBe(true);
  });
});
