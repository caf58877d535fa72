import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { type Descriptor, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { isMissing, recordCalls, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { type Depot, openDepot } from './open-depot.ts';

let home: TemporaryDirectory;
let depot: Depot;
beforeEach(async () => {
  home = await temporaryDirectory();
  depot = await openDepot(home.join('depot'), { create: true });
});
afterEach(() => home.remove());

const run = quietRun();

/** A minimal image: an empty root file system for linux/amd64. */
async function addImage(note: string): Promise<Descriptor> {
  const put = (mediaType: string, value: unknown): Promise<Descriptor> =>
    depot.add(mediaType, Buffer.from(JSON.stringify(value)), run);
  const rootfs = { type: 'layers', diff_ids: [] };
  const config = await put(MEDIA_TYPES.ociConfig, {
    architecture: 'amd64',
    os: 'linux',
    author: note,
    rootfs,
  });
  return put(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config,
    layers: [],
  });
}

it('keeps names sorted, and lets the later one win', async () => {
  const [one, two] = [await addImage('1'), await addImage('2')];
  await depot.nameItems(
    [
      { name: 'b:1', root: one },
      { name: 'a:1', root: one },
    ],
    run,
  );
  await depot.nameItems(
    [
      { name: 'a:1', root: two },
      { name: 'c:1', root: one },
    ],
    run,
  );
  expect(await depot.names()).toEqual([
    { name: 'a:1', root: two },
    { name: 'b:1', root: one },
    { name: 'c:1', root: one },
  ]);
});

it('drops names that stand where they were seen, and no other', async () => {
  const [one, two] = [await addImage('1'), await addImage('2')];
  const names = ['a:1', 'b:1'].map((name) => ({ name, root: one }));
  await depot.nameItems([...names, { name: 'c:1', root: two }], run);
  await depot.dropNames(
    [
      { name: 'a:1', root: one },
      { name: 'c:1', root: one },
      { name: 'x', root: one },
    ],
    run,
  );
  expect((await depot.names()).map(({ name }) => name)).toEqual(['b:1', 'c:1']);
  await depot.dropNames([{ name: 'a:1', root: one }], run);
  expect((await depot.names()).map(({ name }) => name)).toEqual(['b:1', 'c:1']);
});

it('loses no name when several are written at once', async () => {
  const root = await addImage('1');
  await Promise.all(Array.from({ length: 20 }, (_, i) => depot.nameItems([{ name: `n:${i}`, root }], run)));
  expect(await depot.names()).toHaveLength(20);
});

it('writes nothing when every name is there already', async () => {
  const root = await addImage('1');
  await depot.nameItems([{ name: 'a:1', root }], run);
  const recording = recordCalls<FileSystem>(nodeFileSystem);
  const again = await openDepot(depot.directory, { files: recording.object });
  await again.nameItems([{ name: 'a:1', root }], run);
  expect(recording.methods()).not.toContain('rename');
});

it('keeps entries and members that another tool wrote', async () => {
  const root = await addImage('1');
  const foreign = { ...root, annotations: { 'org.example.note': 'mine' } };
  const index = { schemaVersion: 2, manifests: [foreign], annotations: { who: 'skopeo' } };
  await writeFile(home.join('depot', 'index.json'), JSON.stringify(index));
  await depot.nameItems([{ name: 'a:1', root }], run);
  const written = JSON.parse(await readFile(home.join('depot', 'index.json'), 'utf8'));
  expect(written.annotations).toEqual({ who: 'skopeo' });
  expect(written.manifests).toContainEqual(foreign);
  expect(await depot.names()).toEqual([{ name: 'a:1', root }]);
});

it('leaves out entries that are not well-formed', async () => {
  const name = { 'org.opencontainers.image.ref.name': 'x' };
  const manifests = [
    { mediaType: 'a/b', digest: 'md5:1', size: 1, annotations: name },
    { annotations: name },
    {},
  ];
  await writeFile(home.join('depot', 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  expect(await depot.names()).toEqual([]);
});

it.skipIf(isMissing('skopeo'))('names images so that skopeo finds them by their full identity', async () => {
  const names = [
    'docker.io/library/nginx:1.27.3',
    '127.0.0.1:5000/team/app:1.0.0-rc.1',
    `registry.example.org:8443/a/b/c@sha256:${'0'.repeat(64)}`,
  ];
  for (const name of names) await depot.nameItems([{ name, root: await addImage(name) }], run);
  for (const name of names) {
    const options = { encoding: 'utf8', stdio: 'pipe' } as const;
    const config = execFileSync('skopeo', ['inspect', '--config', `oci:${depot.directory}:${name}`], options);
    expect(JSON.parse(config).author).toBe(name);
  }
});

it('tells what entries without a name stand for, and refuses to when it cannot', async () => {
  const [named, foreign] = [await addImage('1'), await addImage('2')];
  await depot.nameItems([{ name: 'a:1', root: named }], run);
  const file = home.join('depot/index.json');
  const index = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...index, manifests: [...index.manifests, foreign] }));
  expect(await depot.unnamed()).toEqual([foreign]);
  await writeFile(file, JSON.stringify({ ...index, manifests: [{ digest: 'sha256:no' }] }));
  await expect(depot.unnamed()).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
});
