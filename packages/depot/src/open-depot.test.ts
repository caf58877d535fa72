import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, hexOf, MEDIA_TYPES, quietRun, RELEASE_LIMITS, type ReleaseFiles } from '@gapferry/core';
import { recordCalls, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { type Depot, openDepot } from './open-depot.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const run = quietRun();
const makeDepot = (): Promise<Depot> => openDepot(home.join('depot'), { create: true });
const release = (): ReleaseFiles => ({
  manifest: Buffer.from('{"m":1}'),
  statement: Buffer.from('{"s":1}'),
  signatures: new Map(),
  approvals: new Map([['bob-1.sigstore.json', Buffer.from('{"bob":1}')]]),
});
const ADDRESS = { channel: 'line-a', sequence: 17 };

describe('opening', () => {
  it('makes an OCI layout with the documented names', async () => {
    const depot = await makeDepot();
    await depot.writeRelease(ADDRESS, release(), run);
    expect((await readdir(depot.directory)).sort()).toEqual([
      'blobs',
      'index.json',
      'oci-layout',
      'releases',
      'tmp',
    ]);
    expect(JSON.parse(await readFile(home.join('depot', 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    const files = await readdir(home.join('depot', 'releases', 'line-a', '17'), { recursive: true });
    expect(files.sort()).toEqual([
      'approvals',
      'approvals/bob-1.sigstore.json',
      'manifest.json',
      'release.sigstore.json',
    ]);
  });

  it('makes it below directories that are not there yet, and opens it again', async () => {
    await openDepot(home.join('a', 'b', 'depot'), { create: true });
    const again = await openDepot(home.join('a', 'b', 'depot'), { create: true });
    expect(again.directory).toBe(home.join('a', 'b', 'depot'));
  });

  it.each(['missing', 'empty'])('says USAGE for a directory that is %s', async (name) => {
    await mkdir(home.join('empty'));
    await expect(openDepot(home.join(name))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openDepot(home.join(name), { readOnly: true, create: true })).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(await readdir(home.path)).toEqual(['empty']);
  });

  it.each([
    ['another layout version', 'oci-layout', '{"imageLayoutVersion":"2.0.0"}'],
    ['an index that is none', 'index.json', '{"schemaVersion":1}'],
  ])('refuses %s', async (_what, file, text) => {
    await makeDepot();
    await writeFile(home.join('depot', file), text);
    await expect(makeDepot()).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });

  it.each(['blobs', 'releases', 'tmp'])('refuses %s as a link', async (name) => {
    await makeDepot();
    await rm(home.join('depot', name), { recursive: true });
    await mkdir(home.join('elsewhere', 'sha256'), { recursive: true });
    await symlink(home.join('elsewhere'), home.join('depot', name));
    await expect(openDepot(home.join('depot'))).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
    expect(await readdir(home.join('elsewhere'))).toEqual(['sha256']);
  });

  it('leaves foreign files alone and tells their names', async () => {
    await mkdir(home.join('depot', 'System Volume Information'), { recursive: true });
    await writeFile(home.join('depot', 'photo.jpg'), 'foreign');
    const depot = await makeDepot();
    expect(await depot.foreignNames()).toEqual(['System Volume Information', 'photo.jpg']);
    expect(await readFile(home.join('depot', 'photo.jpg'), 'utf8')).toBe('foreign');
  });
});

describe('read-only', () => {
  it('makes no call that writes, on a depot it could write to', async () => {
    const depot = await makeDepot();
    const blob = await depot.add('x/y', Buffer.from('there'), run);
    await depot.writeRelease(ADDRESS, release(), run);
    const recording = recordCalls<FileSystem>(nodeFileSystem, ['open']);
    const reader = await openDepot(depot.directory, { readOnly: true, files: recording.object });
    for await (const chunk of reader.open(blob, run)) expect(chunk.byteLength).toBe(5);
    await reader.readRelease(ADDRESS);
    await reader.listReleases();
    await reader.check([blob], run);
    await reader.usage();
    await reader.names();
    const writes = recording
      .methods()
      .filter((method) => /mkdir|rename|unlink|remove|write|sync/.test(method));
    expect(writes).toEqual([]);
  });

  it('refuses every method that writes', async () => {
    const { directory } = await makeDepot();
    const depot = await openDepot(directory, { readOnly: true, origin: 'medium' });
    const attempts = [
      depot.add('x/y', Buffer.from('new'), run),
      depot.writeRelease(ADDRESS, release(), run),
      depot.nameItems([], run),
      depot.discard(digestOf('x')),
      depot.sweep(new Set(), run),
    ];
    for (const attempt of attempts)
      await expect(attempt).rejects.toMatchObject({ code: 'READ_ONLY', origin: 'medium' });
  });

  it('reads a depot without any write permission', async () => {
    const depot = await makeDepot();
    const blob = await depot.add('x/y', Buffer.from('there'), run);
    execFileSync('chmod', ['-R', 'a-w', depot.directory]);
    const reader = await openDepot(depot.directory, { readOnly: true });
    expect((await reader.check([blob], run)).good.size).toBe(1);
    await chmod(depot.directory, 0o755);
    execFileSync('chmod', ['-R', 'u+w', depot.directory]);
  });
});

describe('hostile releases', () => {
  const inRelease = (...parts: string[]): string => home.join('depot', 'releases', 'line-a', '17', ...parts);

  async function damaged(damage: () => Promise<unknown>): Promise<Depot> {
    const depot = await makeDepot();
    await depot.writeRelease(ADDRESS, release(), run);
    await damage();
    return depot;
  }

  it.each([
    ['manifest.json', RELEASE_LIMITS.manifest],
    ['release.sigstore.json', RELEASE_LIMITS.statement],
    ['approvals/bob-1.sigstore.json', RELEASE_LIMITS.statement],
  ])('with a huge %s are refused before they are read', async (file, limit) => {
    const depot = await damaged(() => truncate(inRelease(file), limit + 1));
    await expect(depot.readRelease(ADDRESS)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      data: { size: limit + 1 },
    });
  });

  it('with more approvals than allowed are refused', async () => {
    const depot = await damaged(async () => {
      for (let i = 0; i < RELEASE_LIMITS.approvals; i++)
        await writeFile(inRelease('approvals', `k-${i}.sigstore.json`), '{}');
    });
    await expect(depot.readRelease(ADDRESS)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it.each(['manifest.json', 'release.sigstore.json', 'approvals/bob-1.sigstore.json'])(
    'with %s as a link are refused',
    async (file) => {
      const depot = await damaged(async () => {
        await rm(inRelease(file));
        await symlink('/etc/hostname', inRelease(file));
      });
      await expect(depot.readRelease(ADDRESS)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
    },
  );

  it('without a manifest, or as a link to a directory, are refused', async () => {
    const depot = await damaged(() => rm(inRelease('manifest.json')));
    await expect(depot.readRelease(ADDRESS)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
    await rm(inRelease(), { recursive: true });
    await symlink(home.path, inRelease());
    await expect(depot.readRelease(ADDRESS)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
    expect(await depot.listReleases()).toEqual([]);
  });

  it('ignores names that gapferry does not write', async () => {
    const depot = await damaged(async () => {
      for (const name of ['.DS_Store', 'x.json', 'thumbs.db'])
        await writeFile(inRelease('approvals', name), 'foreign');
      for (const name of ['007', '0', '-1', '9007199254740992', 'latest', '1e3'])
        await cp(inRelease(), home.join('depot', 'releases', 'line-a', name), { recursive: true });
      for (const name of ['.hidden', 'UPPER', 'a b'])
        await mkdir(home.join('depot', 'releases', name, '1'), { recursive: true });
      await writeFile(home.join('depot', 'releases', 'file'), '');
    });
    expect(await depot.listReleases()).toEqual([ADDRESS]);
    expect([...(await depot.readRelease(ADDRESS)).approvals.keys()]).toEqual(['bob-1.sigstore.json']);
  });
});

it('publishes a release in one rename, after all its files are synced', async () => {
  const { directory } = await makeDepot();
  const recording = recordCalls<FileSystem>(nodeFileSystem, ['open']);
  const depot = await openDepot(directory, { files: recording.object });
  const before = recording.calls.length;
  await depot.writeRelease(ADDRESS, { ...release(), packs: Buffer.from('{}') }, run);
  const calls = recording.calls.slice(before);
  const renames = calls.filter(({ method }) => method === 'rename');
  expect(renames.map(({ args }) => args[1])).toEqual([join(directory, 'releases', 'line-a', '17')]);
  const staged = calls.findLastIndex(
    ({ method, args }) => method === 'open' && args[0] === join(directory, 'tmp', 'release-line-a-17'),
  );
  const methods = calls.map(({ method }) => method);
  expect(staged).toBeGreaterThan(methods.lastIndexOf('open.write'));
  const renamed = methods.indexOf('rename');
  expect(methods.slice(0, renamed).filter((method) => method === 'open.write')).toHaveLength(4);
  expect(methods.slice(0, renamed).filter((method) => method === 'open.sync').length).toBeGreaterThanOrEqual(
    6,
  );
  expect(methods.lastIndexOf('open.write')).toBeLessThan(renamed);
  expect(methods.slice(renamed).filter((method) => method === 'open.sync')).toHaveLength(1);
});

it('sweeps what nobody keeps, with its names and leftovers, and nothing foreign', async () => {
  const depot = await makeDepot();
  const kept = await depot.add(MEDIA_TYPES.ociManifest, Buffer.from('kept'), run);
  const gone = await depot.add(MEDIA_TYPES.ociManifest, Buffer.from('gone!'), run);
  await depot.nameItems(
    [
      { name: 'a:1', root: kept },
      { name: 'b:1', root: gone },
    ],
    run,
  );
  await writeFile(home.join('depot', 'tmp', `${'0'.repeat(64)}.part`), 'left');
  await writeFile(home.join('depot', 'blobs', 'sha256', 'README'), 'foreign');
  expect(await depot.usage()).toEqual({
    blobs: { count: 2, bytes: 9 },
    parts: { count: 1, bytes: 4 },
    releases: 0,
  });
  expect(await depot.sweep(new Set([kept.digest]), run)).toEqual({ blobs: 1, bytes: 5 });
  expect((await readdir(home.join('depot', 'blobs', 'sha256'))).sort()).toEqual(
    [hexOf(kept.digest), 'README'].sort(),
  );
  expect(await readdir(home.join('depot', 'tmp'))).toEqual([]);
  expect(await depot.names()).toEqual([{ name: 'a:1', root: kept }]);
});
