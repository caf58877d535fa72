import { expect, it } from 'vitest';
import {
  type BlobReader,
  type FileContent,
  type FileName,
  fileState,
  quietRun,
  type Target,
  totalSize,
  uniqueByDigest,
} from '../index.ts';
import { expectConflict, type GetFixture } from './target-fixture.ts';
import { makeDirectory, makeFile, memoryMedium } from './target-loads.ts';

const run = quietRun();

/** Of a target that takes nothing but files. */
export function fileBarrierTests(get: GetFixture): void {
  it('proves what it holds, and not what was changed or removed behind its back', async () => {
    const { target, spoil } = get();
    const { content, medium } = makeFile('v1');
    await target.load(content, medium, run);
    await expect(target.readBack(content, run)).resolves.toBeUndefined();
    const [file] = content.files;
    if (file === undefined) throw new Error('a load has a file');
    for (const [how, code] of [
      ['damage', 'DIGEST_MISMATCH'],
      ['remove', 'BLOB_MISSING'],
    ] as const) {
      await spoil(file.root, how);
      const proof = target.readBack(content, run);
      await expect(proof).rejects.toMatchObject({ code });
      await expect(proof).rejects.toThrow(content.item);
    }
  });

  it('refuses files that are not what they should be, and keeps none of them', async () => {
    const { target } = get();
    const { content, medium } = makeDirectory('v1');
    const wrong: BlobReader = {
      has: medium.has,
      open: (blob, inner) =>
        memoryMedium([Buffer.from('run v1'), Buffer.from('doc v1')], content.files[0]?.root.digest).open(
          blob,
          inner,
        ),
    };
    await expect(target.load(content, wrong, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await target.inspect(content, run)).toMatchObject({ state: 'absent' });
    await target.load(content, medium, run);
    await target.readBack(content, run);
  });

  it('stops when the run is stopped', async () => {
    const { content, medium } = makeFile('v1');
    await expect(get().target.load(content, medium, quietRun(AbortSignal.abort()))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
}

/** Of every target that takes files; the others skip them. */
export function fileTests(get: GetFixture): void {
  it('takes a file, makes it visible, and does so once', async (context) => {
    const { target, files } = get();
    if (!files) return context.skip('the target takes no files');
    const { content, name, medium } = await heldFile(target, 'v1');
    expect(await target.inspect(name, run)).toMatchObject({ state: 'absent' });
    expect(await target.load(name, medium, run)).toMatchObject({ state: 'loaded' });
    expect(await target.inspect(name, run)).toEqual({ state: 'same' });
    expect(await target.load(name, medium, run)).toEqual({ state: 'same', bytes: 0 });
    expect(await target.load(content, medium, run)).toEqual({ state: 'same', bytes: 0 });
    await target.readBack(content, run);
  });

  it('replaces a file only when the plan saw it', async (context) => {
    const { target, files } = get();
    if (!files) return context.skip('the target takes no files');
    const one = await heldFile(target, 'v1');
    await target.load(one.name, one.medium, run);
    const two = await heldFile(target, 'v2');
    const there = fileState(one.name);
    expect(await target.inspect(two.name, run)).toMatchObject({ state: 'different', there });
    await expectConflict(target, two.name, one.name);
    await target.load({ ...two.name, replaces: there }, two.medium, run);
    expect(await target.inspect(two.name, run)).toEqual({ state: 'same' });
  });

  it.each(['../out', 'a/../../out', '/etc/out', 'a//b', 'con', 'a\\b', 'a:b'])(
    'refuses the path %s',
    async (path) => {
      const { target, files } = get();
      if (!files) return;
      const { name, medium } = makeFile('v1');
      await expect(target.load(atPath(name, path), medium, run)).rejects.toMatchObject({
        code: 'NAME_UNSAFE',
      });
    },
  );
}

/** Of every target that takes files; the others skip them. */
export function directoryTests(get: GetFixture): void {
  it('gives names without the medium, once the content was read back', async (context) => {
    const { target, files } = get();
    if (!files) return context.skip('the target takes no files');
    const { content, name, medium } = makeDirectory('v1');
    await target.load(content, medium, run);
    await target.readBack(content, run);
    expect(await target.load(name, memoryMedium([]), run)).toMatchObject({ state: 'loaded' });
    expect(await target.inspect(name, run)).toEqual({ state: 'same' });
  });

  it('takes a directory, equal bytes once, and makes all its files visible', async (context) => {
    const { target, files } = get();
    if (!files) return context.skip('the target takes no files');
    const { content, name, medium } = makeDirectory('v1');
    const missingBytes = totalSize(uniqueByDigest(content.files.map(({ root }) => root)));
    expect(await target.inspect(content, run)).toEqual({ state: 'absent', missingBytes });
    expect(await target.load(content, medium, run)).toEqual({ state: 'loaded', bytes: missingBytes });
    expect(await target.inspect(name, run)).toMatchObject({ state: 'absent' });
    await target.readBack(content, run);
    expect(await target.load(name, medium, run)).toMatchObject({ state: 'loaded' });
    for (const load of [content, name]) expect(await target.inspect(load, run)).toEqual({ state: 'same' });
    for (const load of [content, name])
      expect(await target.load(load, medium, run)).toEqual({ state: 'same', bytes: 0 });
  });

  it('replaces the files of a directory only when the plan saw each, and adds what is new', async (context) => {
    const { target, files } = get();
    if (!files) return context.skip('the target takes no files');
    const [one, two] = [makeDirectory('v1'), makeDirectory('v2')];
    const part: FileName = { ...one.name, files: one.name.files.slice(0, 2) };
    await target.load(one.content, one.medium, run);
    await target.load(part, one.medium, run);
    await target.load(two.content, two.medium, run);
    const there = fileState(part);
    expect(await target.inspect(two.name, run)).toMatchObject({ state: 'different', there });
    await expectConflict(target, two.name, part);
    await expectConflict(target, { ...two.name, replaces: fileState(one.name, part.files.slice(1)) }, part);
    await target.load({ ...two.name, replaces: there }, two.medium, run);
    expect(await target.inspect(two.name, run)).toEqual({ state: 'same' });
  });
}

function atPath(name: FileName, path: string): FileName {
  return { ...name, path, files: name.files.map((file) => ({ ...file, path })) };
}

async function heldFile(
  target: Target,
  text: string,
): Promise<{ content: FileContent; name: FileName; medium: BlobReader }> {
  const file = makeFile(text);
  await target.load(file.content, file.medium, run);
  return file;
}
