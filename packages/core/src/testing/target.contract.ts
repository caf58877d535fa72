import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hasPreflight,
  isBatchTarget,
  type NameState,
  type OciContent,
  quietRun,
  type Target,
  totalSize,
} from '../index.ts';
import { directoryTests, fileBarrierTests, fileTests } from './target-files.contract.ts';
import { expectConflict, type GetFixture, type TargetFixture } from './target-fixture.ts';
import { makeImage, memoryMedium, type TestImage } from './target-loads.ts';

/** What every Target must do. `make` is called before each test. `takes`: `git` or `files` for a target that takes nothing else. */
export function describeTarget(
  name: string,
  make: () => Promise<TargetFixture>,
  takes: 'everything' | 'git' | 'files' = 'everything',
): void {
  describe(`${name} as a Target`, () => {
    let fixture: TargetFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(() => fixture.close());
    const get = (): TargetFixture => fixture;
    if (takes !== 'files') gitTests(get);
    if (takes === 'files') fileBarrierTests(get);
    if (takes !== 'git') fileTests(get);
    if (takes !== 'git') directoryTests(get);
    if (takes !== 'everything') return;
    contentTests(get);
    barrierTests(get);
    tagTests(get);
    batchTests(get);
  });
}

const run = quietRun();

function contentTests(get: GetFixture): void {
  it('asks for everything at first, then has it and asks for nothing', async () => {
    const { target } = get();
    const image = makeImage('one');
    const size = totalSize(image.content.blobs);
    expect(await target.inspect(image.content, run)).toEqual({ state: 'absent', missingBytes: size });
    const medium = memoryMedium(image.parts);
    expect(await target.load(image.content, medium, run)).toEqual({ state: 'loaded', bytes: size });
    expect(await target.inspect(image.content, run)).toEqual({ state: 'same' });
    const before = medium.opened.length;
    expect(await target.load(image.content, medium, run)).toEqual({ state: 'same', bytes: 0 });
    expect(medium.opened.length).toBe(before);
  });

  it('asks only for blobs that are missing', async () => {
    const { target } = get();
    const [one, two] = [makeImage('one'), makeImage('two')];
    await target.load(one.content, memoryMedium(one.parts), run);
    const medium = memoryMedium(two.parts);
    const { bytes } = await target.load(two.content, medium, run);
    expect(medium.opened).not.toContain(two.shared.digest);
    expect(bytes).toBe(totalSize(two.content.blobs) - two.shared.size);
  });

  it('makes content visible to nobody', async () => {
    const { target } = get();
    const image = makeImage('one');
    await target.load(image.content, memoryMedium(image.parts), run);
    expect(await target.inspect(image.tag, run)).toMatchObject({ state: 'absent' });
  });

  it('refuses bytes that are not what they should be, and keeps none of them', async () => {
    const { target } = get();
    const image = makeImage('one');
    const wrong = memoryMedium(image.parts, image.own.digest);
    await expect(target.load(image.content, wrong, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await target.inspect(image.content, run)).toMatchObject({ state: 'absent' });
    await target.load(image.content, memoryMedium(image.parts), run);
    await target.readBack(image.content, run);
  });

  it('says what the medium lacks', async () => {
    const image = makeImage('one');
    const medium = memoryMedium(image.parts.slice(1));
    await expect(get().target.load(image.content, medium, run)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
  });

  it('stops when the run is stopped', async () => {
    const image = makeImage('one');
    const stopped = quietRun(AbortSignal.abort());
    await expect(get().target.load(image.content, memoryMedium(image.parts), stopped)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
}

function barrierTests(get: GetFixture): void {
  it('proves what it holds', async () => {
    const { target } = get();
    const image = makeImage('one');
    await target.load(image.content, memoryMedium(image.parts), run);
    await expect(target.readBack(image.content, run)).resolves.toBeUndefined();
  });

  it.each([
    ['damage', 'DIGEST_MISMATCH'],
    ['remove', 'BLOB_MISSING'],
  ] as const)('does not prove content after %s, and names the item', async (how, code) => {
    const { target, spoil } = get();
    const image = makeImage('one');
    await target.load(image.content, memoryMedium(image.parts), run);
    const isBlobUnread = how === 'damage' && get().readsBack === 'manifests';
    await spoil(isBlobUnread ? image.content.root : image.own, how);
    const proof = target.readBack(image.content, run);
    await expect(proof).rejects.toMatchObject({ code });
    await expect(proof).rejects.toThrow(image.content.item);
  });
}

function tagTests(get: GetFixture): void {
  it('sets a name once its content is there, and a second time changes nothing', async () => {
    const { target } = get();
    const image = await loaded(target, makeImage('one'));
    expect(await target.load(image.tag, memoryMedium([]), run)).toMatchObject({ state: 'loaded' });
    expect(await target.inspect(image.tag, run)).toEqual({ state: 'same' });
    expect(await target.load(image.tag, memoryMedium([]), run)).toEqual({ state: 'same', bytes: 0 });
  });

  it('sets no name before everything it needs is there', async () => {
    const { target } = get();
    const image = makeImage('one');
    const part: OciContent = {
      ...image.content,
      blobs: image.content.blobs.filter(({ digest }) => digest !== image.own.digest),
    };
    // A target that takes no manifest before its parts says so at once.
    await target.load(part, memoryMedium(image.parts), run).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'BLOB_MISSING' });
    });
    await expect(target.load(image.tag, memoryMedium([]), run)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
    expect(await target.inspect(image.tag, run)).toMatchObject({ state: 'absent' });
  });

  it('names what is only known by its digest', async () => {
    const { target } = get();
    const image = await loaded(target, makeImage('one'));
    const { tag: _, ...byDigest } = image.tag;
    await target.load(byDigest, memoryMedium([]), run);
    expect(await target.inspect(byDigest, run)).toEqual({ state: 'same' });
  });

  it('moves a name only from what the plan saw', async () => {
    const { target } = get();
    const [one, two] = [await loaded(target, makeImage('one')), await loaded(target, makeImage('two'))];
    await target.load(one.tag, memoryMedium([]), run);
    const there = { digest: one.tag.root.digest };
    expect(await target.inspect(two.tag, run)).toMatchObject({ state: 'different', there });
    await expectConflict(target, two.tag, one.tag);
    await expectConflict(target, { ...two.tag, replaces: { digest: one.own.digest } }, one.tag);
    expect(await target.load({ ...two.tag, replaces: there }, memoryMedium([]), run)).toMatchObject({
      state: 'loaded',
    });
    expect(await target.inspect(two.tag, run)).toEqual({ state: 'same' });
  });
}

function batchTests(get: GetFixture): void {
  it('gives many names the outcomes that they would have one by one', async (context) => {
    const { target } = get();
    if (!isBatchTarget(target)) return context.skip('the target takes names one by one');
    const [one, two] = [
      await loaded(target, makeImage('one')),
      await loaded(target, makeImage('two', '2.0')),
    ];
    await target.load(one.tag, memoryMedium([]), run);
    const outcomes = await target.loadNames([one.tag, two.tag], memoryMedium([]), run);
    expect(outcomes.map(({ state }) => state)).toEqual(['same', 'loaded']);
    expect(await target.inspect(two.tag, run)).toEqual({ state: 'same' });
  });

  it('writes none of many names when one of them is in conflict', async (context) => {
    const { target } = get();
    if (!isBatchTarget(target)) return context.skip('the target takes names one by one');
    const [one, two, other] = [
      await loaded(target, makeImage('one')),
      await loaded(target, makeImage('two')),
      await loaded(target, makeImage('three', '3.0')),
    ];
    await target.load(one.tag, memoryMedium([]), run);
    await expect(target.loadNames([other.tag, two.tag], memoryMedium([]), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
    expect(await target.inspect(other.tag, run)).toMatchObject({ state: 'absent' });
  });

  it('proves many contents at once and names the item that is bad', async (context) => {
    const { target, spoil } = get();
    if (!isBatchTarget(target)) return context.skip('the target reads contents back one by one');
    const [one, two] = [await loaded(target, makeImage('one')), await loaded(target, makeImage('two'))];
    await target.readBackAll([one.content, two.content], run);
    await spoil(two.own, 'damage');
    await expect(target.readBackAll([one.content, two.content], run)).rejects.toThrow(two.content.item);
  });

  it('finds loads that fall together before anything is written', async (context) => {
    const { target } = get();
    if (!hasPreflight(target)) return context.skip('the target cannot judge a release beforehand');
    const [one, two] = [makeImage('one'), makeImage('two')];
    await target.preflight([one.content, one.tag], run);
    await expect(target.preflight([one.tag, two.tag], run)).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
    expect(await target.inspect(one.content, run)).toMatchObject({ state: 'absent' });
  });
}

function gitTests(get: GetFixture): void {
  it('takes Git objects first, then refs, each once', async (context) => {
    const { target, git } = get();
    if (git === undefined) return context.skip('the target takes no Git repositories');
    const { content, refs, medium } = git.first;
    expect(await target.inspect(content, run)).toEqual({
      state: 'absent',
      missingBytes: totalSize(content.packs),
    });
    expect(await target.load(content, medium, run)).toMatchObject({ state: 'loaded' });
    expect(await target.inspect(refs, run)).toMatchObject({ state: 'absent' });
    await target.readBack(content, run);
    expect(await target.load(refs, medium, run)).toMatchObject({ state: 'loaded' });
    expect(await target.inspect(refs, run)).toEqual({ state: 'same' });
    expect(await target.load(content, medium, run)).toEqual({ state: 'same', bytes: 0 });
    expect(await target.load(refs, medium, run)).toEqual({ state: 'same', bytes: 0 });
  });

  it('sets no ref before its objects are there', async (context) => {
    const { target, git } = get();
    if (git === undefined) return context.skip('the target takes no Git repositories');
    await expect(target.load(git.first.refs, git.first.medium, run)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
    expect(await target.inspect(git.first.refs, run)).toMatchObject({ state: 'absent' });
  });

  it('moves refs only from what the plan saw', async (context) => {
    const { target, git } = get();
    if (git === undefined) return context.skip('the target takes no Git repositories');
    const { first, second } = git;
    for (const { content, medium } of [first, second]) await target.load(content, medium, run);
    await target.load(first.refs, first.medium, run);
    const presence = await target.inspect(second.refs, run);
    const there: NameState = presence.state === 'different' ? presence.there : {};
    expect(there).toEqual(Object.fromEntries(first.refs.refs.map(({ name, oid }) => [name, oid])));
    await expectConflict(target, second.refs, first.refs);
    await target.load({ ...second.refs, replaces: there }, second.medium, run);
    expect(await target.inspect(second.refs, run)).toEqual({ state: 'same' });
  });
}

async function loaded(target: Target, image: TestImage): Promise<TestImage> {
  await target.load(image.content, memoryMedium(image.parts), run);
  return image;
}
