import { encodeRefList } from '@gapferry/bundle';
import {
  add,
  policyOf,
  type SimulatedRelease,
  simulatedRelease,
  testGitSignatureVerifier,
  testUpstreamVerifier,
  testVerifier,
} from '@gapferry/bundle/testing';
import {
  type BlobChecker,
  type Digest,
  GapferryError,
  type GitRef,
  type PreflightTarget,
  quietRun,
  type SizedDigest,
} from '@gapferry/core';
import { memoryTarget, recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRefLists } from './read-ref-lists.ts';
import { surveyTargets } from './survey-targets.ts';
import { EVERY_KIND, first, Inside, ITEMS, MAIN } from './testing/inside.ts';
import { verifyRelease } from './verify-release.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

describe('surveying the targets', () => {
  it('asks each target about its own items, and changes nothing', async () => {
    await inside.carryFirst();
    const registry = recordCalls(memoryTarget('registry'));
    const depot = recordCalls(memoryTarget('depot'));
    inside.rules = [{ name: 'registry', takes: ['image', 'chart'] }, ...EVERY_KIND];
    const targets = new Map([
      ['registry', registry.object],
      ['depot', depot.object],
    ]);
    const release = await inside.verify();
    const { loads: surveyed } = await surveyTargets(
      { release, medium: inside.blobs, rules: inside.rules, targets },
      quietRun(),
    );
    expect(surveyed.map(({ item, target }) => [item.kind, target])).toEqual([
      ['chart', 'registry'],
      ['file', 'depot'],
      ['git', 'depot'],
      ['image', 'registry'],
      ['image', 'registry'],
    ]);
    expect(registry.methods()).toEqual(Array(6).fill('inspect'));
    expect(depot.methods()).toEqual(Array(4).fill('inspect'));
    expect(
      surveyed.every(
        ({ contentPresence, namePresence }) =>
          contentPresence?.state === 'absent' && namePresence.state === 'absent',
      ),
    ).toBe(true);
  });

  it('lets a target judge all of its loads before it asks about one', async () => {
    await inside.carryFirst();
    const judged: number[] = [];
    const target: PreflightTarget = {
      ...inside.target,
      preflight: async (loads) => {
        judged.push(loads.length);
        throw new GapferryError({ code: 'NAME_UNSAFE', message: 'a/b and A/B' });
      },
    };
    const spied = recordCalls(target);
    await expect(inside.plan(first, { targets: new Map([['depot', spied.object]]) })).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
    });
    expect(judged).toEqual([10]);
    expect(spied.methods()).toEqual(['preflight']);
  });

  it('refuses an item that no target takes, before any target is asked', async () => {
    await inside.carryFirst();
    inside.rules = [{ name: 'depot', takes: ['image'] }];
    const spied = recordCalls(inside.target);
    await expect(inside.plan(first, { targets: new Map([['depot', spied.object]]) })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    expect(spied.calls).toEqual([]);
  });

  it('could not ask is not absent', async () => {
    await inside.carryFirst();
    const target = {
      ...inside.target,
      inspect: () => Promise.reject(new GapferryError({ code: 'UNREACHABLE', message: 'no answer' })),
    };
    await expect(inside.plan(first, { targets: new Map([['depot', target]]) })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
  });

  it('a target that the rules name and nobody wired is our bug', async () => {
    await inside.carryFirst();
    await expect(inside.plan(first, { targets: new Map() })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('a list of refs that is a blob', () => {
  const refs: GitRef[] = Array.from({ length: 1500 }, (_, i) => ({
    name: `refs/heads/b${String(i).padStart(4, '0')}`,
    oid: MAIN,
  }));

  /** A release whose Git item has its refs in a blob with this text. */
  function listed(
    text: string | Uint8Array,
    bend: (item: SimulatedRelease['manifest']) => void = () => {},
  ): SimulatedRelease {
    const release = simulatedRelease({ git: { ...ITEMS.git } });
    const list = add(release.blobs, Buffer.from(text).toString());
    const [item] = release.manifest.items;
    item.refs = { list: { mediaType: 'application/json', ...list } };
    item.blobs = [list.digest];
    item.head = 'refs/heads/b0000';
    release.manifest.blobs = [list];
    bend(item);
    return release;
  }

  it('is read from the medium and loaded', async () => {
    await inside.carry(listed(encodeRefList(refs)));
    expect((await inside.importRelease()).kind).toBe('loaded');
    expect(Object.keys(inside.target.names.get('git git.example/ops/line-a') ?? {})).toHaveLength(1500);
  });

  it.each<[string, string | Uint8Array, (item: SimulatedRelease['manifest']) => void]>([
    ['is not sorted', encodeRefList([...refs].reverse()), () => {}],
    ['names a ref twice', encodeRefList([refs[0] as GitRef, refs[0] as GitRef]), () => {}],
    ['has object ids of the other format', encodeRefList(refs), (item) => (item.objectFormat = 'sha256')],
    ['does not name HEAD', encodeRefList(refs), (item) => (item.head = 'refs/heads/other')],
    ['names no ref at all', '[{"name":"refs/evil","oid":"1"}]', () => {}],
  ])('that %s is refused before a target is asked', async (_, text, bend) => {
    await inside.carry(listed(text, bend));
    const spied = recordCalls(inside.target);
    await expect(inside.plan(first, { targets: new Map([['depot', spied.object]]) })).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
    });
    expect(spied.calls).toEqual([]);
  });

  it('that answers differently after it was checked is refused', async () => {
    await inside.carry(listed(encodeRefList(refs)));
    const release = await inside.verify();
    const [digest, bytes] = [...inside.blobs.blobs].find(([, value]) => value.byteLength > 10_000) as [
      Digest,
      Uint8Array,
    ];
    inside.blobs.blobs.set(
      digest,
      Uint8Array.from(bytes, (byte, i) => (i === 5 ? byte ^ 1 : byte)),
    );
    await expect(readRefLists(release, inside.blobs, quietRun())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('from a reader that does not verify is verified all the same', async () => {
    await inside.carry(listed(encodeRefList(refs)));
    const release = await inside.verify();
    const liar = {
      has: async () => true,
      async *open(blob: SizedDigest): AsyncIterable<Uint8Array> {
        yield new Uint8Array(blob.size);
      },
    };
    await expect(readRefLists(release, liar, quietRun())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('git git.example/ops/line-a'),
    });
  });

  it('that would not fit into memory is not opened', async () => {
    const release = listed(encodeRefList(refs));
    const [item] = release.manifest.items;
    item.refs.list.size = 134_217_729;
    release.manifest.blobs[0].size = 134_217_729;
    await inside.carry(release);
    const check: BlobChecker['check'] = async (blobs) => ({
      good: new Set(blobs.map(({ digest }) => digest)),
      bad: [],
    });
    const medium = { ...inside.medium, check };
    const gate = {
      policy: policyOf(inside.trust),
      verifier: testVerifier(),
      upstreamVerifier: testUpstreamVerifier(),
      gitSignatureVerifier: testGitSignatureVerifier(),
      clock: inside.clock,
    };
    const trusted = await verifyRelease({ address: first, medium, ...gate, mark: 'not judged' }, quietRun());
    const spied = recordCalls(inside.blobs);
    await expect(readRefLists(trusted, spied.object, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(spied.calls).toEqual([]);
  });
});
