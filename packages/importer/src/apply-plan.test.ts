import { parseReceipt } from '@gapferry/bundle';
import { attach, simulatedRelease, testVerifier } from '@gapferry/bundle/testing';
import {
  type BatchTarget,
  type Digest,
  digestOf,
  GapferryError,
  type Load,
  type NameLoad,
  quietRun,
  type Target,
} from '@gapferry/core';
import { memoryTarget, recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  first,
  Inside,
  ITEMS,
  listeningRun,
  MAIN,
  meddledTarget,
  NEXT,
  secondRelease,
} from './testing/inside.ts';
import { watchRun } from './watch-run.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

const broken = (load: Load): GapferryError =>
  new GapferryError({ code: 'SERVER_ERROR', message: `no ${load.kind}`, origin: 'target' });

function only(target: Target): { readonly targets: ReadonlyMap<string, Target> } {
  return { targets: new Map([[target.name, target]]) };
}

describe('a first import', () => {
  it('loads every item, raises the mark, and says what it did', async () => {
    const statement = await inside.carryFirst();
    const { kind, record } = await inside.importRelease();
    expect(kind).toBe('loaded');
    expect(record).toMatchObject({
      site: 'plant-7',
      channel: 'line-a',
      sequence: 1,
      statement,
      status: 'loaded',
    });
    expect(record.items.map(({ item, outcome, target }) => `${item} ${outcome} ${target}`)).toEqual([
      'chart ghcr.io/org/charts/app:1.0.0 loaded depot',
      'file k3s/k3s loaded depot',
      'git git.example/ops/line-a loaded depot',
      'image docker.io/library/nginx:1.27 loaded depot',
      'image docker.io/library/redis:7 loaded depot',
    ]);
    expect(record.bytes).toBe(
      [...inside.blobs.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
    expect(inside.target.names.size).toBe(5);
    expect(inside.marks.get('line-a')).toEqual({ sequence: 1, statement, issuedAt: '2026-03-01T12:00:00Z' });
  });

  it('does everything in order: content, barrier, images, charts, Git, files', async () => {
    await inside.carryFirst();
    const spied = recordCalls(inside.target);
    const plan = await inside.plan();
    await inside.apply(plan, only(spied.object));
    const steps = spied.calls.map(
      ({ method, args: [load] }) => `${method} ${(load as Load).phase} ${(load as Load).item.split(' ')[0]}`,
    );
    const names = ['image', 'image', 'chart', 'git', 'file'].map((kind) => `load name ${kind}`);
    expect(steps.slice(-5)).toEqual(names);
    expect(steps.slice(0, 5).every((step) => step.startsWith('load content'))).toBe(true);
    expect(steps.slice(5, 10).every((step) => step.startsWith('readBack content'))).toBe(true);
    expect(steps).toHaveLength(15);
  });

  it('gives attachments their tags before anything else has a name, and counts their item once', async () => {
    const release = simulatedRelease(ITEMS);
    attach(release, 'docker.io/library/redis:7', { tag: 'sig' });
    attach(release, 'docker.io/library/redis:7', { text: 'sbom' });
    attach(release, 'ghcr.io/org/charts/app:1.0.0', { tag: 'sig' });
    await inside.carry(release);
    const spied = recordCalls(inside.target);
    const { record, receipt } = await inside.importRelease(first, only(spied.object));
    const named = spied.calls
      .map(({ method, args: [load] }) => ({ method, load: load as Load }))
      .filter(({ method, load }) => method === 'load' && load.phase === 'name')
      .map(({ load }) => (load.kind === 'oci' && load.phase === 'name' ? load.of : load.kind));
    expect(named).toEqual(['attachment', 'attachment', 'image', 'image', 'chart', 'git', 'file']);
    expect(record.items.filter((item) => item.of === 'attachment')).toHaveLength(2);
    expect(receipt?.receipt.items).toEqual({ loaded: 5, same: 0, failed: 0 });
    expect((await inside.importRelease()).kind).toBe('unchanged');
  });

  it('names nothing else when an attachment cannot have its tag', async () => {
    const release = simulatedRelease(ITEMS);
    attach(release, 'docker.io/library/redis:7', { tag: 'sig' });
    await inside.carry(release);
    const target = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.kind === 'oci' && load.phase === 'name' && load.of === 'attachment')
          throw new GapferryError({ code: 'TARGET_CONFLICT', message: 'somebody was faster' });
        return { state: 'same', bytes: 0 };
      },
    });
    const { kind, record, receipt } = await inside.importRelease(first, only(target));
    expect(kind).toBe('partly-loaded');
    expect(inside.target.names.size).toBe(0);
    expect(record.items.filter(({ outcome }) => outcome === 'failed')).toMatchObject([{ of: 'attachment' }]);
    expect(receipt?.receipt.items).toEqual({ loaded: 0, same: 0, failed: 5 });
  });

  it('is recorded whatever a host said, also where its words were cut in the middle of a character', async () => {
    await inside.carryFirst();
    const said = `${'x'.repeat(499)}\u{1F6AB} no`.slice(0, 500);
    const target = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.kind === 'file' && load.phase === 'name')
          throw new GapferryError({ code: 'FORBIDDEN', message: said, hint: said, origin: 'target' });
        return { state: 'same', bytes: 0 };
      },
    });
    const { kind, record } = await inside.importRelease(first, only(target));
    expect(kind).toBe('partly-loaded');
    expect(record.items.flatMap(({ error }) => error?.message ?? [])).toEqual([
      expect.stringMatching(/x{499}\ufffd$/),
    ]);
  });

  it('writes no password into the ledger, whoever said it', async () => {
    await inside.carryFirst();
    const said = 'Failed to parse URL from https://anna:S3cretValue@registry.plant-7/v2/';
    const target = meddledTarget(inside.target, {
      load: async () => {
        throw new TypeError(said);
      },
    });
    await expect(inside.importRelease(first, only(target))).rejects.toThrow(TypeError);
    const run = watchRun(quietRun(), () => 0);
    run.emit({ kind: 'warning', message: said, item: said });
    const { record } = await inside.importRelease(first, { run });
    expect(record.warnings?.[0]?.message).toContain('://***@registry.plant-7');
    expect(inside.story).toContain('import.stopped');
    expect(JSON.stringify(inside.ledger.entries)).not.toContain('S3cretValue');
  });

  it('records each intent before its effect', async () => {
    await inside.carryFirst();
    const seen: string[] = [];
    const target = meddledTarget(inside.target, {
      load: async (load) => {
        seen.push(
          `${load.phase} ${load.item.split(' ')[0]} after ${inside.story.at(-1)}, mark ${inside.marks.get('line-a')?.sequence}`,
        );
        return { state: 'same', bytes: 0 };
      },
    });
    await inside.importRelease(first, only(target));
    expect(seen.slice(0, 5).every((line) => line.endsWith('after import.began, mark 1'))).toBe(true);
    expect(seen.slice(5)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^name (image|chart|git|file) after import\.nam(ing|ed), mark 1$/),
      ]),
    );
    expect(inside.story).toEqual([
      'import.began',
      ...naming(2),
      ...naming(1),
      ...naming(1),
      ...naming(1),
      'import.items',
      'import.finished',
      'import.receipted',
    ]);
  });

  it('writes a receipt that the site signed, about this release and this ledger, without hosts', async () => {
    const statement = await inside.carryFirst();
    const { receipt } = await inside.importRelease();
    const { bytes } = testVerifier().verify(receipt?.bytes ?? new Uint8Array(), [
      { id: 'site', owner: 'plant', pem: inside.siteKey.publicPem },
    ]);
    const finished = inside.ledger.entries.find(({ kind }) => kind === 'import.finished');
    expect(digestOf(bytes)).toBe(receipt?.statement);
    expect(parseReceipt(bytes)).toEqual({
      format: 'gapferry.receipt/1',
      site: 'plant-7',
      channel: 'line-a',
      bundle: 'line-a',
      version: '1.1.0',
      sequence: 1,
      statement,
      status: 'loaded',
      items: { loaded: 5, same: 0, failed: 0 },
      at: '2026-03-20T00:00:00Z',
      ledger: { index: finished?.index, digest: finished?.digest },
      previous: null,
    });
    expect(Buffer.from(bytes).toString()).not.toMatch(/docker\.io|git\.example|depot/);
  });

  it('accepts no plan but one that was planned', async () => {
    await inside.carryFirst();
    const plan = await inside.plan();
    await expect(inside.apply({ ...plan })).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(inside.ledger.entries).toEqual([]);
  });
});

const naming = (count: number): string[] => [
  'import.naming',
  ...Array.from({ length: count }, () => 'import.named'),
];

describe('a second import of the same release', () => {
  it('writes nothing, reads everything back, says so, and signs no second receipt', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    const mark = inside.marks.get('line-a');
    const { entries } = structuredClone({ entries: inside.ledger.entries });
    const spied = recordCalls(inside.target);
    const outcome = await inside.importRelease(first, only(spied.object));
    expect(outcome.kind).toBe('unchanged');
    expect(outcome.receipt).toBeUndefined();
    expect(outcome.record.items.every((item) => item.outcome === 'same')).toBe(true);
    expect(spied.methods()).not.toContain('load');
    expect(spied.methods().filter((method) => method === 'readBack')).toHaveLength(5);
    expect(inside.marks.get('line-a')).toBe(mark);
    expect(inside.story.slice(entries.length)).toEqual(['import.began', 'import.items', 'import.finished']);
  });

  it('signs the receipt when the first one got lost', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    inside.receipts.clear();
    const { kind, receipt } = await inside.importRelease();
    expect(kind).toBe('unchanged');
    expect(receipt?.receipt).toMatchObject({ status: 'loaded', items: { loaded: 0, same: 5, failed: 0 } });
  });

  it('notices what the target lost or damaged since, and brings back what was lost', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    const [lost] = inside.target.store.blobs.keys();
    inside.target.store.blobs.delete(lost as Digest);
    expect((await inside.importRelease()).kind).toBe('loaded');
    const bytes = inside.target.store.blobs.get(lost as Digest) as Uint8Array;
    inside.target.store.blobs.set(
      lost as Digest,
      Uint8Array.from(bytes, (byte) => byte ^ 1),
    );
    await expect(inside.importRelease()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'target' });
  });
});

describe('a newer release', () => {
  it('moves the names that the channel left, and its receipt names the one before', async () => {
    const previous = await inside.carryFirst();
    const before = await inside.importRelease();
    const items = {
      ...ITEMS,
      images: { ...ITEMS.images, 'docker.io/library/nginx:1.27': 'nginx, rebuilt' },
      git: { 'git.example/ops/line-a': { main: NEXT } },
    };
    await inside.carry(simulatedRelease(items, 2, previous));
    const { kind, record, receipt } = await inside.importRelease(secondRelease);
    expect(kind).toBe('loaded');
    expect(record.items.filter(({ outcome }) => outcome === 'same')).toHaveLength(3);
    expect(record.items.find(({ kind: of }) => of === 'git')?.replaced).toEqual({ 'refs/heads/main': MAIN });
    expect(inside.target.names.get('git git.example/ops/line-a')).toEqual({ 'refs/heads/main': NEXT });
    expect(receipt?.receipt).toMatchObject({
      previous: before.receipt?.statement,
      items: { loaded: 2, same: 3, failed: 0 },
    });
  });

  it('with the same content is accepted: the mark rises and a receipt is due', async () => {
    const previous = await inside.carryFirst();
    await inside.importRelease();
    const release = simulatedRelease(ITEMS, 2, previous);
    await inside.carry(release);
    const { kind, receipt } = await inside.importRelease(secondRelease);
    expect(kind).toBe('loaded');
    expect(receipt?.receipt).toMatchObject({ sequence: 2, items: { loaded: 0, same: 5, failed: 0 } });
    expect(inside.marks.get('line-a')?.sequence).toBe(2);
  });

  it('moves a name that stood there, with the same content, before the channel came', async () => {
    const previous = await inside.carryFirst();
    const release = simulatedRelease(ITEMS);
    const nginx = release.manifest.items.find(({ id }: { id: string }) => id.includes('nginx'));
    inside.target.names.set('oci docker.io/library/nginx:1.27', { digest: nginx.root.digest });
    await inside.importRelease();
    const images = { ...ITEMS.images, 'docker.io/library/nginx:1.27': 'nginx, rebuilt' };
    await inside.carry(simulatedRelease({ ...ITEMS, images }, 2, previous));
    expect((await inside.importRelease(secondRelease)).kind).toBe('loaded');
  });

  it('keeps refs that an older release left and this one does not name', async () => {
    const two = { git: { 'git.example/ops': { main: MAIN, old: MAIN } } };
    const a = await inside.carry(simulatedRelease(two));
    const b = await inside.carry(simulatedRelease({ git: { 'git.example/ops': { main: NEXT } } }, 2, a));
    await inside.carry(simulatedRelease({ git: { 'git.example/ops': { main: NEXT, old: NEXT } } }, 3, b));
    for (const sequence of [1, 2, 3]) await inside.importRelease({ channel: 'line-a', sequence });
    expect(inside.target.names.get('git git.example/ops')).toEqual({
      'refs/heads/main': NEXT,
      'refs/heads/old': NEXT,
    });
  });
});

describe('somebody else was there', () => {
  it('a tag that nobody knows: a conflict before anything is written', async () => {
    await inside.carryFirst();
    inside.target.names.set('oci docker.io/library/nginx:1.27', { digest: `sha256:${'0'.repeat(64)}` });
    await expect(inside.importRelease()).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(inside.target.log).toEqual([]);
    expect(inside.marks.size).toBe(0);
  });

  it('another channel: a conflict, also with the same content', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    const other = simulatedRelease(ITEMS);
    other.predicate.channel = 'line-b';
    inside.trust.channels['line-b'] = inside.trust.channels['line-a'];
    await inside.carry(other);
    await expect(inside.importRelease({ channel: 'line-b', sequence: 1 })).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('belongs to channel line-a'),
    });
  });

  it('between plan and name: that item fails, the others of its phase are loaded, the next phases wait', async () => {
    await inside.carryFirst();
    const plan = await inside.plan();
    inside.target.names.set('oci docker.io/library/nginx:1.27', { digest: `sha256:${'0'.repeat(64)}` });
    const { kind, record, receipt } = await inside.apply(plan);
    expect(kind).toBe('partly-loaded');
    expect(record.items.map(({ kind: of, outcome, error }) => [of, outcome, error?.code])).toEqual([
      ['chart', 'held-back', undefined],
      ['file', 'held-back', undefined],
      ['git', 'held-back', undefined],
      ['image', 'failed', 'TARGET_CONFLICT'],
      ['image', 'loaded', undefined],
    ]);
    expect(receipt?.receipt).toMatchObject({
      status: 'partly-loaded',
      items: { loaded: 1, same: 0, failed: 4 },
    });
    expect([...inside.target.names.keys()].filter((name) => !name.includes('docker.io'))).toEqual([]);
  });
});

describe('a target that fails', () => {
  it('before the barrier: an error that names item and target, and nothing is visible anywhere', async () => {
    await inside.carryFirst();
    for (const port of ['load', 'readBack'] as const) {
      const target = meddledTarget(inside.target, {
        [port]: async (load: Load) => {
          if (load.kind === 'git') throw broken(load);
        },
      });
      await expect(inside.importRelease(first, only(target))).rejects.toMatchObject({
        code: 'SERVER_ERROR',
        message: 'git git.example/ops/line-a at target depot: no git',
      });
      expect(inside.target.names.size).toBe(0);
      expect(inside.story.at(-1)).toBe('import.stopped');
    }
    expect((await inside.importRelease()).kind).toBe('loaded');
  });

  it('one of two: what the other has has no name either', async () => {
    await inside.carryFirst();
    const registry = memoryTarget('registry');
    inside.rules = [{ name: 'registry', takes: ['image'] }, ...inside.rules];
    const failing = meddledTarget(inside.target, { readBack: (load) => Promise.reject(broken(load)) });
    const targets = new Map<string, Target>([
      ['depot', failing],
      ['registry', registry],
    ]);
    await expect(inside.importRelease(first, { targets })).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect(registry.store.blobs.size).toBeGreaterThan(0);
    expect(registry.names.size).toBe(0);
  });

  it('after the barrier: partly loaded, and the next run finishes', async () => {
    await inside.carryFirst();
    const target = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.phase === 'name' && load.kind === 'git') throw broken(load);
        return { state: 'same', bytes: 0 };
      },
    });
    const { kind, record } = await inside.importRelease(first, only(target));
    expect(kind).toBe('partly-loaded');
    expect(record.items.map(({ outcome }) => outcome)).toEqual([
      'loaded',
      'held-back',
      'failed',
      'loaded',
      'loaded',
    ]);
    expect(inside.receipts.size).toBe(0);
    const again = await inside.importRelease();
    expect(again.kind).toBe('loaded');
    expect(again.receipt?.receipt).toMatchObject({
      status: 'loaded',
      items: { loaded: 2, same: 3, failed: 0 },
    });
  });

  it('with a bug of ours: it surfaces, and is no outcome', async () => {
    await inside.carryFirst();
    const target = meddledTarget(inside.target, {
      load: (load) =>
        load.phase === 'name'
          ? Promise.reject(new TypeError('x'))
          : Promise.resolve({ state: 'same', bytes: 0 }),
    });
    await expect(inside.importRelease(first, only(target))).rejects.toThrow(TypeError);
  });
});

describe('a target that does many loads at once', () => {
  function batch(
    refuse: (load: NameLoad) => boolean = () => false,
  ): BatchTarget & { readonly batches: string[][] } {
    const batches: string[][] = [];
    const { target } = inside;
    const judged = meddledTarget(target, {
      load: async (load) => {
        if (load.phase === 'name' && refuse(load)) throw broken(load);
        return { state: 'same', bytes: 0 };
      },
    });
    return {
      ...judged,
      batches,
      loadNames: async (loads, from, run) => {
        batches.push(loads.map((load) => load.item));
        for (const load of loads) if (refuse(load)) throw broken(load);
        return await Promise.all(loads.map((load) => target.load(load, from, run)));
      },
      readBackAll: async (loads, run) => {
        batches.push(loads.map((load) => load.item));
        for (const load of loads) await target.readBack(load, run);
      },
    };
  }

  it('is asked once for the barrier and once per phase', async () => {
    await inside.carryFirst();
    const target = batch();
    expect((await inside.importRelease(first, only(target))).kind).toBe('loaded');
    expect(target.batches.map((loads) => loads.length)).toEqual([5, 2, 1, 1, 1]);
  });

  it('and refuses the whole is asked for each alone, to load those that can be', async () => {
    await inside.carryFirst();
    const target = batch((load) => load.item.includes('nginx'));
    const { kind, record } = await inside.importRelease(first, only(target));
    expect(kind).toBe('partly-loaded');
    expect(record.items.map(({ outcome }) => outcome)).toEqual([
      'held-back',
      'held-back',
      'held-back',
      'failed',
      'loaded',
    ]);
  });
});

describe('progress', () => {
  it('tells the stages in order, and the end of every item once in survey and once in apply', async () => {
    await inside.carryFirst();
    const run = listeningRun();
    await inside.importRelease(first, { run });
    expect(run.events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []))).toEqual([
      'verify',
      'survey',
      'plan',
      'apply',
    ]);
    expect(run.events.filter(({ kind }) => kind === 'item-done')).toHaveLength(10);
  });
});
