import { readdir, readFile } from 'node:fs/promises';
import { digestOf, type GitPin, quietRun } from '@gapferry/core';
import { createRepository, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { earlyWalks, findNewObjects, revisionsAfter } from './new-objects.ts';
import { readPackIndex } from './pack-index.ts';
import { rememberCarried } from './pack-record.ts';

const run = quietRun();
const git = createGit();

async function history(objectFormat: 'sha1' | 'sha256' = 'sha1') {
  const directory = await temporaryDirectory();
  const upstream = await createRepository(
    directory.join('a'),
    [1, 2, 3, 4].map((n) => ({ message: `${n}`, files: { 'a.txt': `${n}\n`, [`b/${n}`]: `${n}\n` } })),
    { objectFormat },
  );
  const ids = (await upstream.git('rev-list', 'main')).trim().split('\n');
  const pinned = (oid = ''): GitPin => ({
    kind: 'git',
    id: 'a',
    wish: digestOf('a'),
    url: 'https://git.example.org/a',
    objectFormat,
    refs: [{ name: 'refs/heads/main', oid }],
  });
  const mirror = { directory: `${upstream.path}/.git` };
  return { ids, pinned, mirror, upstream, [Symbol.asyncDispose]: () => directory.remove() };
}

it('finds in one walk what git lists in two', async () => {
  await using there = await history();
  const [last, , second = ''] = there.ids;
  const revisions = revisionsAfter(there.pinned(last), [second]);
  const { oids, boundary } = await findNewObjects(git, there.mirror, there.pinned(last), revisions, run);
  const listed = await there.upstream.git('rev-list', '--objects', '--no-object-names', 'main', `^${second}`);
  expect([...(oids ?? [])].sort()).toEqual(listed.trim().split('\n').sort());
  const bounds = await there.upstream.git('rev-list', '--boundary', 'main', `^${second}`);
  expect(boundary).toEqual(
    bounds
      .split('\n')
      .filter((line) => line.startsWith('-'))
      .map((line) => line.slice(1)),
  );
});

it('gives a walk that was begun early, once, to who asks for the same', async () => {
  await using there = await history();
  const { ids, mirror } = there;
  const pin = there.pinned(ids[0]);
  const walks = earlyWalks();
  await rememberCarried(mirror, there.pinned(ids[2]));
  walks.beginWalk({ git, mirror, pin, run });
  const revisions = revisionsAfter(pin, [ids[2] ?? '']);
  const found = await walks.walkOf(mirror, revisions);
  expect(found).toEqual(await findNewObjects(git, mirror, pin, revisions, run));
  expect(await walks.walkOf(mirror, revisions)).toBeUndefined();
  walks.beginWalk({ git, mirror, pin, run });
  expect(await walks.walkOf(mirror, revisionsAfter(pin, [ids[1] ?? '']))).toBeUndefined();
});

it('lets who asks walk again where nothing was carried, or the early walk failed', async () => {
  await using there = await history();
  const { ids, mirror } = there;
  const walks = earlyWalks();
  const pin = there.pinned(ids[0]);
  walks.beginWalk({ git, mirror, pin, run });
  expect(await walks.walkOf(mirror, revisionsAfter(pin, [ids[2] ?? '']))).toBeUndefined();
  await rememberCarried(mirror, there.pinned('0'.repeat(39).concat('1')));
  walks.beginWalk({ git, mirror, pin, run });
  expect(await walks.walkOf(mirror, revisionsAfter(pin, ['0'.repeat(39).concat('1')]))).toBeUndefined();
});

it.each(['sha1', 'sha256'] as const)(
  'reads the index of a pack as git does, with %s',
  async (objectFormat) => {
    await using there = await history(objectFormat);
    await there.upstream.git('repack', '-adq');
    const packs = `${there.mirror.directory}/objects/pack`;
    const name = (await readdir(packs)).find((file) => file.endsWith('.idx'));
    const index = await readFile(`${packs}/${name}`);
    const shown = await mustRun('git', ['show-index', `--object-format=${objectFormat}`], { input: index });
    const read = [...readPackIndex(index, objectFormat)].map(({ oid, offset }) => `${offset} ${oid}`);
    expect(read).toEqual(
      shown
        .trim()
        .split('\n')
        .map((line) => line.split(' ').slice(0, 2).join(' ')),
    );
    for (const damaged of [index.subarray(0, 500), index.subarray(0, -60), Buffer.from('nothing')])
      expect(() => [...readPackIndex(damaged, objectFormat)]).toThrow('damaged');
  },
);
