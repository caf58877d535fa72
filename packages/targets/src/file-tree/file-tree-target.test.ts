import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { GapferryError, type Load, quietRun, type RunEvent } from '@gapferry/core';
import { makeDirectory, makeFile, type TestFile } from '@gapferry/core/testing';
import { isMissing, mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileTree } from './file-tree.ts';
import { type FileTreeTargetOptions, fileTreeTarget } from './file-tree-target.ts';
import { localTree } from './local-tree.ts';

const run = quietRun();
let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const STABLE = '{channel}/{path}';
const BY_RELEASE = '{channel}/{version}/{path}';

interface Told extends Partial<Pick<FileTreeTargetOptions, 'path' | 'policy' | 'tree'>> {
  readonly version?: string;
  readonly channel?: string;
}

function open({ version = '1.0.0', channel = 'line-a', ...more }: Told = {}) {
  const sequence = Number(version.split('.')[0]);
  const statement = `sha256:${String(sequence).repeat(64)}`;
  return fileTreeTarget({
    name: 'files',
    tree: localTree(directory.path),
    path: STABLE,
    policy: { prune: false },
    release: { channel, version, sequence, statement },
    ...more,
  });
}

/** As an import does it. */
async function load(target: ReturnType<typeof open>, file: TestFile, inner = run): Promise<void> {
  const { content, name, medium } = file;
  await target.preflight(loadsOf(file), inner);
  await target.load(content, medium, inner);
  await target.readBack(content, inner);
  const seen = await target.inspect(name, inner);
  const replaces = seen.state === 'different' ? seen.there : undefined;
  await target.loadNames([{ ...name, ...(replaces && { replaces }) }], medium, inner);
}

function loadsOf({ content, name }: TestFile): Load[] {
  return [content, name];
}

/** The last file of a directory is gone. */
function without(file: TestFile): TestFile {
  const cut = <L extends TestFile['content' | 'name']>(one: L): L => ({
    ...one,
    files: one.files.slice(0, 2),
  });
  return { ...file, content: cut(file.content), name: cut(file.name) };
}

async function visible(): Promise<string[]> {
  const names = await readdir(directory.path, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(directory.path.length + 1))
    .filter((path) => !path.startsWith('.gapferry/'))
    .sort();
}

describe('files in a plain directory', () => {
  it.skipIf(isMissing('sha256sum'))('are what sha256sum finds in SHA256SUMS, executable or not', async () => {
    await load(open({ path: BY_RELEASE }), makeDirectory('v1'));
    const release = directory.join('line-a/1.0.0');
    const checked = await mustRun('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: release });
    expect(checked.split('\n')).toEqual([
      'tools/kit/bin/run: OK',
      'tools/kit/doc/a: OK',
      'tools/kit/doc/b: OK',
      '',
    ]);
    const modes = ['tools/kit/bin/run', 'tools/kit/doc/a'].map((path) => stat(`${release}/${path}`));
    expect((await Promise.all(modes)).map(({ mode }) => mode & 0o777)).toEqual([0o755, 0o644]);
  });

  it('have an address there', () => {
    const [file, kit] = [makeFile('v1').name, makeDirectory('v1').name];
    expect(open({ path: BY_RELEASE }).addressOf(file)).toBe(directory.join('line-a/1.0.0/tools/setup.txt'));
    expect(open().addressOf(kit)).toBe(`${directory.join('line-a/tools/kit')}/`);
  });

  it('are seen by nobody before the barrier, and SHA256SUMS comes last', async () => {
    const calls: string[] = [];
    const tree = localTree(directory.path);
    const told: FileTree = {
      ...tree,
      put: async (at, ...rest) => {
        calls.push(at.path);
        return await tree.put(at, ...rest);
      },
      move: async (from, to, ...rest) => {
        calls.push(to.path);
        return await tree.move(from, to, ...rest);
      },
    };
    const target = open({ tree: told });
    const file = makeDirectory('v1');
    await target.load(file.content, file.medium, run);
    await target.readBack(file.content, run);
    expect(await visible()).toEqual([]);
    await target.load(file.name, file.medium, run);
    expect(calls.at(-1)).toBe('line-a/SHA256SUMS');
    expect(calls.slice(0, 2).every((path) => path.startsWith('.gapferry/incoming/line-a/'))).toBe(true);
  });

  it('are told of while they are written, byte by byte as the plan counts them', async () => {
    const { content, medium } = makeDirectory('first');
    const target = open();
    const planned = await target.inspect(content, run);
    const events: RunEvent[] = [];
    await target.load(content, medium, { ...run, emit: (event) => events.push(event) });
    const told = events.map((event) => (event.kind === 'bytes' ? event.bytes : 0));
    expect(planned).toMatchObject({ missingBytes: told.reduce((sum, bytes) => sum + bytes, 0) });
  });

  it('leave nothing behind in the hidden directory but our record', async () => {
    await load(open(), makeDirectory('v1'));
    const hidden = await readdir(directory.join('.gapferry'), { recursive: true, withFileTypes: true });
    const files = hidden.filter((entry) => entry.isFile()).map(({ name }) => name);
    expect(files).toEqual(['index.json']);
  });

  it('get no name where their record would have no room', async () => {
    const tree = localTree(directory.path);
    const full: FileTree = {
      ...tree,
      put: async (at, body, ...rest) => {
        if (body.size > 300) throw new GapferryError({ code: 'NO_SPACE', message: 'full' });
        return await tree.put(at, body, ...rest);
      },
    };
    const file = makeDirectory('v1');
    await expect(load(open({ tree: full }), file)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await visible()).toEqual([]);
    await load(open(), file);
    expect(await readdir(directory.join('.gapferry/incoming'))).toEqual([]);
  });

  it('are not sent again after a break', async () => {
    const file = makeFile('v1');
    await open().load(file.content, file.medium, run);
    expect(await open().inspect(file.content, run)).toEqual({ state: 'same' });
    expect(await open().load(file.content, file.medium, run)).toEqual({ state: 'same', bytes: 0 });
  });

  it('get the rest of their names after a break among these, and SHA256SUMS only then', async () => {
    await load(open(), makeDirectory('v1'));
    const before = await readFile(directory.join('line-a/SHA256SUMS'), 'utf8');
    const tree = localTree(directory.path);
    let moves = 0;
    const breaking: FileTree = {
      ...tree,
      move: async (...args) => {
        moves += 1;
        if (moves > 1) throw new Error('the power failed');
        return await tree.move(...args);
      },
    };
    const file = makeDirectory('v2');
    await expect(load(open({ version: '2.0.0', tree: breaking }), file)).rejects.toThrow('power');
    expect(await readFile(directory.join('line-a/SHA256SUMS'), 'utf8')).toBe(before);
    await load(open({ version: '2.0.0' }), file);
    expect(await open({ version: '2.0.0' }).inspect(file.name, run)).toEqual({ state: 'same' });
    expect(await readFile(directory.join('line-a/tools/kit/doc/b'), 'utf8')).toBe('doc v2');
  });

  it('come again through the same target after it has cleaned up', async () => {
    const target = open();
    for (const text of ['v1', 'v2']) await load(target, makeDirectory(text));
    expect(await readFile(directory.join('line-a/tools/kit/doc/b'), 'utf8')).toBe('doc v2');
  });

  it('are told of when all of the release stand, one by one or together', async () => {
    const [kit, file] = [makeDirectory('v1'), makeFile('v1')];
    const target = open();
    await target.preflight([...loadsOf(kit), ...loadsOf(file)], run);
    for (const { content, medium } of [kit, file]) await target.load(content, medium, run);
    await target.load(kit.name, kit.medium, run);
    expect(await visible()).not.toContain('line-a/SHA256SUMS');
    // Where one name cannot be set the others are tried side by side.
    await Promise.all([kit, file].map(({ name, medium }) => target.load(name, medium, run)));
    expect((await readFile(directory.join('line-a/SHA256SUMS'), 'utf8')).split('\n')).toHaveLength(5);
  });

  it('stand only when SHA256SUMS tells of them', async () => {
    const file = makeFile('v1');
    await load(open(), file);
    expect(await open().inspect(file.name, run)).toEqual({ state: 'same' });
    await rm(directory.join('line-a/SHA256SUMS'));
    expect(await open().inspect(file.name, run)).toEqual({ state: 'absent', missingBytes: 0, stands: true });
    await load(open(), file);
    expect(await readFile(directory.join('line-a/SHA256SUMS'), 'utf8')).toContain('tools/setup.txt');
  });

  it('of the last release are replaced, and go when the policy says so', async () => {
    await load(open(), makeDirectory('v1'));
    await load(open({ version: '2.0.0' }), without(makeDirectory('v2')));
    expect(await visible()).toContain('line-a/tools/kit/doc/b');
    expect(await readFile(directory.join('line-a/tools/kit/doc/a'), 'utf8')).toBe('doc v2');
    await load(open({ version: '3.0.0' }), makeDirectory('v3'));
    await load(open({ version: '4.0.0', policy: { prune: true } }), without(makeDirectory('v4')));
    expect(await visible()).toEqual([
      'line-a/SHA256SUMS',
      'line-a/tools/kit/bin/run',
      'line-a/tools/kit/doc/a',
    ]);
  });

  it('that somebody changed are never pruned, and he is told', async () => {
    await load(open(), makeDirectory('v1'));
    await writeFile(directory.join('line-a/tools/kit/doc/b'), 'my notes');
    const events: RunEvent[] = [];
    const prune = open({ version: '2.0.0', policy: { prune: true } });
    await load(prune, without(makeDirectory('v2')), { ...run, emit: (event) => void events.push(event) });
    expect(await readFile(directory.join('line-a/tools/kit/doc/b'), 'utf8')).toBe('my notes');
    expect(events.filter(({ kind }) => kind === 'warning')).toHaveLength(1);
  });

  it('of earlier releases stay until `keep` says how many', async () => {
    for (const version of ['1.0.0', '2.0.0', '3.0.0'])
      await load(open({ version, path: BY_RELEASE }), makeFile(version));
    await writeFile(directory.join('line-a/1.0.0/mine'), 'x');
    const keeping = open({ version: '4.0.0', path: BY_RELEASE, policy: { prune: false, keep: 2 } });
    await load(keeping, makeFile('4.0.0'));
    expect((await visible()).filter((path) => !path.endsWith('SHA256SUMS'))).toEqual([
      'line-a/1.0.0/mine',
      'line-a/3.0.0/tools/setup.txt',
      'line-a/4.0.0/tools/setup.txt',
    ]);
  });
});

describe('what is in the way in a plain directory', () => {
  it('is never replaced, and other files are left alone', async () => {
    await mkdir(directory.join('line-a/tools'), { recursive: true });
    await writeFile(directory.join('line-a/tools/setup.txt'), 'mine');
    await writeFile(directory.join('line-a/other'), 'mine');
    const { content, name, medium } = makeFile('v1');
    await open().load(content, medium, run);
    await expect(open().load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(await visible()).toEqual(['line-a/other', 'line-a/tools/setup.txt']);
  });

  it.each([
    ['a checksum list of somebody else', 'line-a/SHA256SUMS', 'x', 'TARGET_CONFLICT'],
    ['a record that is none', '.gapferry/line-a/index.json', '{}', 'TARGET_CONFLICT'],
    ['a name in another spelling', 'line-a/Tools', 'x', 'NAME_UNSAFE'],
  ])('is found beforehand: %s', async (_, path, text, code) => {
    await mkdir(directory.join(path, '..'), { recursive: true });
    await writeFile(directory.join(path), text);
    await expect(open().preflight(loadsOf(makeFile('v1')), run)).rejects.toMatchObject({ code });
  });

  it('is another channel with the same paths', async () => {
    await load(open({ path: '{path}' }), makeFile('v1'));
    const other = open({ path: '{path}', channel: 'line-b' });
    await expect(other.preflight(loadsOf(makeFile('v1')), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('line-a'),
    });
  });

  it('is a link: nothing is written through it', async () => {
    await mkdir(directory.join('elsewhere'));
    for (const link of ['line-a', '.gapferry']) {
      await symlink(directory.join('elsewhere'), directory.join(link));
      const { content, medium } = makeFile('v1');
      await expect(open().load(content, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
      await rm(directory.join(link));
    }
    expect(await readdir(directory.join('elsewhere'))).toEqual([]);
  });

  it.each(['SHA256SUMS', 'sha256sums', '.gapferry/x'])(
    'is our own file: a release has no %s',
    async (path) => {
      const { content } = makeFile('v1');
      const [file] = content.files;
      const named = {
        ...content,
        path,
        item: path,
        files: [{ root: file?.root ?? expect.unreachable(), path }],
      };
      await expect(open({ path: '{path}' }).preflight([named], run)).rejects.toMatchObject({
        code: 'NAME_UNSAFE',
      });
    },
  );

  it('is a directory that is not there, or too little room', async () => {
    const gone = open({ tree: localTree(directory.join('mnt')) });
    await expect(gone.preflight(loadsOf(makeFile('v1')), run)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    const { content } = makeFile('v1');
    const huge = content.files.map(({ path, root }) => ({ path, root: { ...root, size: 2 ** 60 } }));
    await expect(open().preflight([{ ...content, files: huge }], run)).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  });

  it('is damage of what waits: it is found at the barrier, taken away, and sent again', async () => {
    const file = makeFile('v1');
    await open().load(file.content, file.medium, run);
    const [waiting = ''] = await readdir(directory.join('.gapferry/incoming/line-a'));
    await writeFile(directory.join('.gapferry/incoming/line-a', waiting), 'vX');
    await expect(open().readBack(file.content, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await load(open(), file);
    expect(await visible()).toEqual(['line-a/SHA256SUMS', 'line-a/tools/setup.txt']);
  });
});
