import type { VerifiedRelease } from '@gapferry/bundle';
import { simulatedRelease } from '@gapferry/bundle/testing';
import { GapferryError, quietRun, type Target } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Drift, findDrift, type TargetLook } from './find-drift.ts';
import { Inside, ITEMS, MAIN, meddledTarget, NEXT, secondRelease } from './testing/inside.ts';

let inside: Inside;
beforeEach(async () => {
  inside = new Inside();
  await inside.carryFirst();
});

async function look(
  target: Target = inside.target,
  given?: VerifiedRelease,
): Promise<TargetLook | undefined> {
  const releases = [{ release: given ?? (await inside.verify()), medium: inside.medium }];
  const targets = new Map([['depot', target]]);
  const [found] = await findDrift(
    { releases, rules: inside.rules, targets, ledger: inside.ledger },
    quietRun(),
  );
  return found;
}

const nameOf = (part: string): string =>
  [...inside.target.names.keys()].find((name) => name.includes(part)) ?? '';
const told = (drift: readonly Drift[] | undefined): string[] =>
  (drift ?? []).map(({ kind, item }) => `${kind} ${item}`);

describe('drift', () => {
  it('is none when everything stands as it was left; two questions for an item, and nothing is done', async () => {
    await inside.importRelease();
    const spied = recordCalls(inside.target);
    expect(await look(spied.object)).toEqual({ target: 'depot', same: 5, drift: [], unasked: 0 });
    expect(new Set(spied.calls.map(({ method }) => method))).toEqual(new Set(['inspect']));
    expect(spied.calls).toHaveLength(10);
  });

  it('is a tag that somebody moved: what it stood for, and what it stands for', async () => {
    await inside.importRelease();
    const name = nameOf('redis');
    const was = inside.target.names.get(name);
    const is = { digest: `sha256:${'0'.repeat(64)}` };
    inside.target.names.set(name, is);
    expect((await look())?.drift).toEqual([
      {
        kind: 'moved',
        target: 'depot',
        item: 'image docker.io/library/redis:7',
        place: 'oci docker.io/library/redis:7',
        was,
        is,
      },
    ]);
  });

  it('is a ref that moved or went, and not a ref that somebody added', async () => {
    await inside.importRelease();
    const name = nameOf('git');
    inside.target.names.set(name, { 'refs/heads/main': NEXT, 'refs/heads/theirs': NEXT });
    expect((await look())?.drift).toMatchObject([
      { kind: 'moved', was: { 'refs/heads/main': MAIN }, is: { 'refs/heads/main': NEXT } },
    ]);
    inside.target.names.set(name, { 'refs/heads/theirs': NEXT });
    expect((await look())?.drift).toMatchObject([{ kind: 'gone', was: { 'refs/heads/main': MAIN } }]);
  });

  it('is a name that is gone, and content that is gone while its name stands', async () => {
    await inside.importRelease();
    inside.target.names.delete(nameOf('k3s'));
    const [blob = ''] = [...inside.blobs.blobs.entries()]
      .filter(([, bytes]) => Buffer.from(bytes).includes('redis'))
      .map(([digest]) => digest);
    inside.target.store.blobs.delete(blob as never);
    expect(told((await look())?.drift)).toEqual([
      'gone file k3s/k3s',
      'content image docker.io/library/redis:7',
    ]);
  });

  it('is not what the next release of the channel set when it was only partly loaded', async () => {
    await inside.importRelease();
    const before = await inside.verify();
    const images = { ...ITEMS.images, 'docker.io/library/nginx:1.27': 'nginx new' };
    const git = { 'git.example/ops/line-a': { main: NEXT } };
    await inside.carry(simulatedRelease({ ...ITEMS, images, git }, 2, before.opened.statement));
    const broken = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.phase === 'name' && load.kind === 'git')
          throw new GapferryError({ code: 'SERVER_ERROR', message: 'no' });
        return { state: 'same', bytes: 0 };
      },
    });
    await inside.importRelease(secondRelease, { targets: new Map([['depot', broken]]) });
    expect((await look(inside.target, before))?.drift).toEqual([]);
    expect(await look(inside.target, await inside.verify(secondRelease))).toMatchObject({
      drift: [],
      unasked: 0,
    });
  });

  it('is not looked for in what another channel has taken over, nor in what nobody loaded', async () => {
    expect(await look()).toBeUndefined();
    await inside.importRelease();
    const names = inside.ledger.entries.filter(({ kind }) => kind === 'import.named');
    const redis = names.find(({ data }) => String(data['item']).includes('redis'));
    inside.ledger.append('import.named', { ...redis?.data, channel: 'line-b', left: { digest: 'x' } });
    expect(await look()).toMatchObject({ same: 4, drift: [] });
  });

  it('is not known of what was loaded elsewhere than the site file says now', async () => {
    await inside.importRelease();
    const release = await inside.verify();
    const rules = inside.rules.map((rule) => ({ ...rule, name: 'moved-on' }));
    const targets = new Map([['moved-on', inside.target]]);
    const releases = [{ release, medium: inside.medium, isLoaded: true }];
    const [found] = await findDrift({ releases, rules, targets, ledger: inside.ledger }, quietRun());
    expect(found).toMatchObject({ same: 0, drift: [], unasked: 5 });
    expect(found?.error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/ and 4 more did not go to target /),
    });
  });

  it('is not what an import was about to set when it was killed', async () => {
    await inside.importRelease();
    const [named] = inside.ledger.entries.filter(({ kind }) => kind === 'import.named');
    const { channel, sequence, statement, target, place } = named?.data ?? {};
    const state = { digest: `sha256:${'1'.repeat(64)}` };
    inside.ledger.append('import.naming', {
      channel,
      sequence,
      statement,
      target,
      names: [{ place: place ?? null, state }],
    });
    const short = String(named?.data['item']).split(' ')[1] ?? '';
    inside.target.names.set(nameOf(short), state);
    expect((await look())?.drift).toEqual([]);
  });
});

describe('a target that cannot be asked', () => {
  const refusal = new GapferryError({ code: 'UNREACHABLE', message: 'no route', origin: 'target' });

  it('is left alone after some tries, and that is no drift', async () => {
    await inside.importRelease();
    let asked = 0;
    const deaf: Target = {
      ...inside.target,
      inspect: async () => {
        asked += 1;
        throw refusal;
      },
    };
    const releases = [{ release: await inside.verify(), medium: inside.medium }];
    const targets = new Map([['depot', deaf]]);
    const input = { releases, rules: inside.rules, targets, ledger: inside.ledger, concurrency: 1 };
    const [found] = await findDrift(input, quietRun());
    expect(found).toEqual({ target: 'depot', same: 0, drift: [], unasked: 5, error: refusal });
    expect(asked).toBe(6);
  });

  it('keeps nothing else from being told', async () => {
    await inside.importRelease();
    inside.target.names.delete(nameOf('k3s'));
    const picky = meddledTarget(inside.target, {
      inspect: async (load) => {
        if (load.item.includes('redis')) throw refusal;
        return undefined as never;
      },
    });
    const found = await look(picky);
    expect(told(found?.drift)).toEqual(['gone file k3s/k3s']);
    expect(found).toMatchObject({ same: 3, unasked: 1, error: { code: 'UNREACHABLE' } });
  });

  it('because it looks around first and may not, is asked nothing', async () => {
    await inside.importRelease();
    const spied = recordCalls(inside.target);
    const closed = Object.assign({}, spied.object, {
      preflight: async () => {
        throw new GapferryError({ code: 'FORBIDDEN', message: 'no', origin: 'target' });
      },
    });
    expect(await look(closed)).toMatchObject({ unasked: 5, error: { code: 'FORBIDDEN' } });
    expect(spied.calls).toEqual([]);
  });
});
