import { copyFile, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, hexOf, quietRun } from '@gapferry/core';
import { makeDirectory, makeFile, type TestFile } from '@gapferry/core/testing';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeIndex } from '../s3/release-index.ts';
import { FILE_TIME, sweepIncoming } from '../tree-write.ts';
import { type FileTreeTargetOptions, fileTreeTarget } from './file-tree-target.ts';
import { localTree } from './local-tree.ts';

const run = quietRun();
let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

function open(root: string, more: Partial<FileTreeTargetOptions> = {}) {
  return fileTreeTarget({
    name: 'files',
    tree: localTree(root),
    path: '{channel}/{version}/{path}',
    policy: { prune: false, keep: 1 },
    release: { channel: 'line-a', version: '2.0.0', sequence: 2, statement: `sha256:${'2'.repeat(64)}` },
    ...more,
  });
}

const V1 = {
  size: 2,
  open: async function* () {
    yield Buffer.from('v1');
  },
};

/** As an import does it. */
async function load(target: ReturnType<typeof open>, { content, name, medium }: TestFile): Promise<void> {
  await target.preflight([content, name], run);
  await target.load(content, medium, run);
  await target.readBack(content, run);
  const seen = await target.inspect(name, run);
  const replaces = seen.state === 'different' ? { replaces: seen.there } : {};
  await target.loadNames([{ ...name, ...replaces }], medium, run);
}

describe('a directory that two sites import into', () => {
  it('takes the rest of one import after the other one has tidied up', async () => {
    const policy = { prune: false };
    const [one, other] = [open(directory.path, { policy }), open(directory.path, { policy })];
    const [first, second] = [makeFile('v1'), makeDirectory('v1')];
    await other.preflight([first.content, first.name, second.content, second.name], run);
    await other.load(first.content, first.medium, run);
    await load(one, first);
    await other.load(second.content, second.medium, run);
    await other.readBackAll([second.content], run);
    const waiting = await readdir(directory.join('.gapferry/incoming/line-a'));
    expect(waiting.filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(2);
    await expect(other.loadNames([first.name, second.name], second.medium, run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('index.json changed while it was being loaded'),
    });
  });

  it('does not wait for the disk to keep what was tidied up', async () => {
    const tree = localTree(directory.path);
    await tree.probe(run);
    await tree.put({ path: '.gapferry/incoming/line-a/x', item: 'x' }, V1, undefined, run);
    await rm(directory.join('.gapferry/incoming'), { recursive: true });
    expect((await tree.put({ path: 'line-a/x', item: 'x' }, V1, undefined, run)).size).toBe(2);
  });
});

describe('a directory that others can write to', () => {
  it('makes nobody remove what lies outside it', async () => {
    const root = directory.join('root');
    const outside = directory.join('outside');
    await mkdir(join(root, '.gapferry/line-a'), { recursive: true });
    await mkdir(outside);
    await writeFile(join(outside, 'theirs'), 'theirs');
    await writeFile(join(outside, 'SHA256SUMS'), `${hexOf(digestOf('theirs'))}  theirs\n`);
    const index = writeIndex({
      channel: 'line-a',
      version: '1.0.0',
      sequence: 1,
      statement: `sha256:${'1'.repeat(64)}`,
      files: [],
      earlier: [{ version: '../../outside', sequence: 0 }],
    });
    await writeFile(join(root, '.gapferry/line-a/index.json'), index);
    await load(open(root), makeFile('v2'));
    expect(await readdir(outside)).toEqual(['SHA256SUMS', 'theirs']);
    expect(await readdir(join(root, 'line-a/2.0.0'))).toContain('SHA256SUMS');
  });

  it('makes nobody sweep another one through a link', async () => {
    const [root, outside] = [directory.join('root'), directory.join('outside')];
    await mkdir(join(root, '.gapferry'), { recursive: true });
    await mkdir(outside);
    await writeFile(join(outside, 'download.part'), 'theirs');
    await utimes(join(outside, 'download.part'), new Date(0), new Date(0));
    await symlink(outside, join(root, '.gapferry/incoming'));
    await expect(localTree(root).probe(run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(await readdir(outside)).toEqual(['download.part']);
  });

  it('keeps what another process is just writing', async () => {
    const tree = localTree(directory.path);
    const fact = await tree.put({ path: '.gapferry/x', item: 'x' }, V1, undefined, run);
    expect(fact.size).toBe(2);
    const incoming = directory.join('.gapferry/incoming');
    await copyFile(directory.join('.gapferry/x'), join(incoming, 'a.part'));
    await utimes(join(incoming, 'a.part'), FILE_TIME, FILE_TIME);
    await localTree(directory.path).probe(run);
    expect(await readdir(incoming)).toEqual(['a.part']);
    await sweepIncoming(incoming, Date.now() + 25 * 60 * 60 * 1000);
    expect(await readdir(incoming)).toEqual([]);
  });
});
