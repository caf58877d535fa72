import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { type GitRef, quietRun } from '@gapferry/core';
import {
  createRepository,
  memoryBlobStore,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitSource } from './git-source.ts';
import { createGit } from './git-tool.ts';
import { unpackQuarantine } from './quarantine.ts';
import { repositoryWriter } from './repository-writer.ts';

const git = createGit();
const writer = repositoryWriter(git);
const run = quietRun();
let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let target: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  upstream = await createRepository(directory.join('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, tags: ['v1'] },
  ]);
  target = directory.join('git', 'ops', 'line-a.git');
});
afterEach(() => directory.remove());

/** Through the real source and a real quarantine. */
async function quarantined(): Promise<{ quarantine: string; refs: readonly GitRef[] }> {
  const store = memoryBlobStore();
  const source = gitSource({ workDirectory: directory.join('work') });
  const [pin] = await source.resolve({ kind: 'git', url: `file://${upstream.path}`, refs: [] }, run);
  if (pin === undefined) throw new Error('no pin');
  const { packs } = await source.fetch(pin, store, run);
  const request = {
    item: 'line-a',
    packs,
    refs: pin.refs,
    objectFormat: pin.objectFormat,
    directory: directory.path,
    from: store,
  };
  return { quarantine: await unpackQuarantine(git, request, run), refs: pin.refs };
}

async function loaded(): Promise<readonly GitRef[]> {
  const { quarantine, refs } = await quarantined();
  await writer.create(target, 'sha1', run);
  await writer.placeObjects(quarantine, target, run);
  await writer.updateRefs(target, { refs, head: 'refs/heads/main' }, run);
  return refs;
}

describe('writing a bare repository', () => {
  it('shows nothing before the refs are written, and everything after', async () => {
    const { quarantine, refs } = await quarantined();
    expect(await writer.readRefs(target, run)).toEqual({ refs: [] });
    await writer.create(target, 'sha1', run);
    const { bytes } = await writer.placeObjects(quarantine, target, run);
    expect(bytes).toBeGreaterThan(100);
    expect((await writer.readRefs(target, run)).refs).toEqual([]);
    await writer.readBack(target, { refs }, 'line-a', run);
    await writer.updateRefs(target, { refs, head: 'refs/heads/main' }, run);
    expect(await writer.readRefs(target, run)).toEqual({ refs, head: 'refs/heads/main' });
    await mustRun('git', ['clone', '--quiet', target, directory.join('clone')]);
    expect(await readFile(directory.join('clone', 'a.txt'), 'utf8')).toBe('one\n');
    await mustRun('git', ['-C', target, 'fsck', '--full', '--strict']);
  });

  it('changes nothing the second time', async () => {
    await loaded();
    const { quarantine, refs } = await quarantined();
    expect(await writer.placeObjects(quarantine, target, run)).toEqual({ bytes: 0 });
    await writer.updateRefs(target, { refs, expected: refs }, run);
    expect((await writer.readRefs(target, run)).refs).toEqual(refs);
  });

  it('moves refs, also backwards, and leaves refs alone that it is not told of', async () => {
    const before = await loaded();
    await mustRun('git', ['-C', target, 'update-ref', 'refs/heads/local', 'main']);
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' }, tags: ['v2'] });
    const after = await loaded();
    const local = { name: 'refs/heads/local', oid: before[0]?.oid };
    expect((await writer.readRefs(target, run)).refs).toEqual([local, ...after]);
    expect(await writer.countCommits(target, before[0]?.oid, 'refs/heads/main', run)).toBe(1);
    await writer.updateRefs(target, { refs: before }, run);
    expect((await writer.readRefs(target, run)).refs.find(({ name }) => name === 'refs/heads/main')).toEqual(
      before[0],
    );
  });

  it('sets 100,000 refs at once, moves them, and leaves others alone', { timeout: 60_000 }, async () => {
    await loaded();
    await mustRun('git', ['-C', target, 'update-ref', 'refs/heads/local', 'main']);
    const many = (oid: string): GitRef[] =>
      Array.from({ length: 100_000 }, (_, n) => ({ name: `refs/tags/build-${n}`, oid }));
    const first = await upstream.git('rev-parse', 'main');
    await writer.updateRefs(target, { refs: many(first), expected: [] }, run);
    expect((await mustRun('git', ['-C', target, 'show-ref'])).trim().split('\n')).toHaveLength(100_003);
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    await loaded();
    const second = await upstream.git('rev-parse', 'main');
    await writer.updateRefs(target, { refs: many(second), expected: many(first) }, run);
    expect(await mustRun('git', ['-C', target, 'rev-parse', 'build-99999', 'local'])).toBe(
      `${second}\n${first}\n`,
    );
    await mustRun('git', ['-C', target, 'fsck', '--full', '--strict']);
  });

  it('sets very many refs where one is a file of its own, which would hide what is packed', async () => {
    const [main] = await loaded();
    const old = main?.oid ?? '';
    await mustRun('git', ['-C', target, 'update-ref', 'refs/heads/local', old]);
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    await loaded();
    await mustRun('git', ['-C', target, 'update-ref', '-d', 'refs/heads/local']);
    await mustRun('git', ['-C', target, 'update-ref', 'refs/heads/local', old]);
    const oid = await upstream.git('rev-parse', 'main');
    const many = Array.from({ length: 1001 }, (_, n) => ({ name: `refs/heads/build-${n}`, oid }));
    const refs = [...many, { name: 'refs/heads/local', oid }];
    await writer.updateRefs(target, { refs, expected: [{ name: 'refs/heads/local', oid: old }] }, run);
    expect(await mustRun('git', ['-C', target, 'rev-parse', 'local', 'build-1000'])).toBe(`${oid}\n${oid}\n`);
  });

  it('sets none of very many refs when one is not what it should be', { timeout: 60_000 }, async () => {
    const [main] = await loaded();
    const oid = main?.oid ?? '';
    const tree = await upstream.git('rev-parse', 'main^{tree}');
    const many = Array.from({ length: 1001 }, (_, n) => ({ name: `refs/heads/build-${n}`, oid }));
    const wrong: ReadonlyArray<readonly [GitRef, readonly GitRef[]]> = [
      [{ name: 'refs/heads/main', oid }, []],
      [{ name: 'refs/heads/other', oid }, [{ name: 'refs/heads/other', oid }]],
      [{ name: 'refs/heads/lost', oid: '0123456789'.repeat(4) }, []],
      [{ name: 'refs/heads/tree', oid: tree }, []],
      [{ name: 'refs/heads/main/below', oid }, []],
    ];
    const before = await mustRun('git', ['-C', target, 'show-ref']);
    for (const [ref, expected] of wrong) {
      await expect(writer.updateRefs(target, { refs: [...many, ref], expected }, run)).rejects.toMatchObject({
        code: 'TARGET_CONFLICT',
      });
      expect(await mustRun('git', ['-C', target, 'show-ref'])).toBe(before);
    }
  });

  it('changes no ref at all when one is not what the plan saw', async () => {
    const before = await loaded();
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' }, tags: ['a-first', 'z-last'] });
    const { quarantine, refs } = await quarantined();
    await writer.placeObjects(quarantine, target, run);
    await mustRun('git', ['-C', target, 'update-ref', 'refs/tags/z-last', 'main']);
    await expect(
      writer.updateRefs(target, { refs, expected: before, head: 'refs/heads/main' }, run),
    ).rejects.toMatchObject({ code: 'TARGET_CONFLICT', hint: 'plan again' });
    expect((await writer.readRefs(target, run)).refs.find(({ name }) => name === 'refs/heads/main')).toEqual(
      before[0],
    );
    expect((await writer.readRefs(target, run)).refs.map(({ name }) => name)).not.toContain(
      'refs/tags/a-first',
    );
  });

  it('refuses refs whose objects were not placed', async () => {
    await writer.create(target, 'sha1', run);
    const { refs } = await quarantined();
    await expect(writer.updateRefs(target, { refs }, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    await expect(writer.readBack(target, { refs }, 'line-a', run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
  });

  it('notices when the target has damaged what was placed', async () => {
    const refs = await loaded();
    const packs = directory.join('git', 'ops', 'line-a.git', 'objects', 'pack');
    const name = (await readdir(packs)).find((file) => file.endsWith('.pack')) ?? '';
    const bytes = await readFile(`${packs}/${name}`);
    await chmod(`${packs}/${name}`, 0o600);
    await writeFile(`${packs}/${name}`, bytes.fill(0, 60, 70));
    await expect(writer.readBack(target, { refs }, 'line-a', run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      origin: 'target',
    });
  });

  it('refuses a repository of the other object format', async () => {
    await writer.create(target, 'sha256', run);
    await expect(writer.create(target, 'sha1', run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('makes repositories without hooks that refuse every push', async () => {
    await loaded();
    expect(await readdir(target)).not.toContain('hooks');
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const pushed = await runProcess('git', ['-C', upstream.path, 'push', target, 'main']);
    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toContain('hidden ref');
  });

  it('runs no hook that somebody put into the target', async () => {
    await loaded();
    const touched = directory.join('touched');
    await mustRun('mkdir', [`${target}/hooks`]);
    await writeFile(`${target}/hooks/reference-transaction`, `#!/bin/sh\ntouch ${touched}\n`, {
      mode: 0o755,
    });
    await mustRun('git', ['-C', target, 'config', 'core.hooksPath', `${target}/hooks`]);
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    await loaded();
    expect((await runProcess('ls', [touched])).code).not.toBe(0);
  });
});
