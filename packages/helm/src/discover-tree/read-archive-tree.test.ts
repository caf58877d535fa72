import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { quietRun } from '@gapferry/core';
import { mustRun, type TarEntry, tarBytes, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { type ArchiveTree, readArchiveTree } from './read-archive-tree.ts';

const read = (archive: Uint8Array): Promise<ArchiveTree> =>
  readArchiveTree(archive, 'image r.example/a', quietRun());
const textsOf = ({ files }: ArchiveTree): Record<string, string> =>
  Object.fromEntries([...files].map(([path, content]) => [path, Buffer.from(content).toString()]));

describe('an archive of manifests', () => {
  it('as tar makes it has its files, and says what is left out', async () => {
    await using directory = await temporaryDirectory();
    const files = {
      'a.yaml': 'a\n',
      'deep/er/b.json': '{}',
      'notes.txt': 'n\n',
      'big.yaml': '#'.repeat(1_048_577),
      'chart/Chart.yaml': 'name: c\n',
      'chart/files/big.txt': '#'.repeat(1_048_577),
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory.path, 'in', path)), { recursive: true });
      await writeFile(join(directory.path, 'in', path), text);
    }
    await symlink('/etc/passwd', join(directory.path, 'in', 'link.yaml'));
    await symlink('/etc/passwd', join(directory.path, 'in', 'link.txt'));
    await symlink('deep', join(directory.path, 'in', 'linked'));
    const [plain, packed] = [directory.join('a.tar'), directory.join('a.tgz')];
    await mustRun('tar', ['--create', `--file=${plain}`, `--directory=${directory.join('in')}`, '.']);
    await mustRun('tar', [
      '--create',
      '--gzip',
      `--file=${packed}`,
      `--directory=${directory.join('in')}`,
      '.',
    ]);
    for (const path of [plain, packed]) {
      const tree = await read(await readFile(path));
      expect(textsOf(tree)).toEqual({
        'a.yaml': 'a\n',
        'deep/er/b.json': '{}',
        'notes.txt': 'n\n',
        'chart/Chart.yaml': 'name: c\n',
      });
      expect(tree.leftOut.toSorted((one, other) => (one.path < other.path ? -1 : 1))).toEqual([
        { path: 'big.yaml', reason: 'it has 1048577 bytes, more than 1048576' },
        { path: 'chart/files/big.txt', reason: 'it has 1048577 bytes, more than 1048576' },
        { path: 'link.yaml', reason: 'it is a symbolic link' },
        { path: 'linked', reason: 'it is a symbolic link' },
      ]);
    }
  });

  it.each<[string, TarEntry[], string]>([
    ['a path that leaves it', [{ name: '../a.yaml' }], 'the path "../a.yaml" is not allowed'],
    ['a path that leaves it later', [{ name: 'a/../../b' }], 'is not allowed'],
    ['an absolute path', [{ name: '/etc/a.yaml' }], 'is not allowed'],
    ['a path of Windows', [{ name: 'a\\b.yaml' }], 'is not allowed'],
    ['a directory that leaves it', [{ name: '../', type: '5' }], 'is not allowed'],
    [
      'the same file twice',
      [
        { name: 'a.yaml', body: '1' },
        { name: './a.yaml', body: '2' },
      ],
      'in it twice',
    ],
    [
      'a file and a link of one name',
      [{ name: 'a.yaml' }, { name: 'a.yaml', type: '2', link: 'b' }],
      'twice',
    ],
    ['a device', [{ name: 'a.yaml', type: '3' }], 'is a character-device'],
    ['less than it says', [{ name: 'a.yaml', body: 'x', size: 100_000 }], 'cannot be unpacked'],
  ])('is refused with %s', async (_, entries, message) => {
    for (const archive of [tarBytes(entries), gzipSync(tarBytes(entries))])
      await expect(read(archive)).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
        message: expect.stringMatching(
          new RegExp(`^the archive of image r.example/a is refused: .*${message.replace(/[.\\]/g, '.')}`),
        ),
      });
  });

  it('is refused where it is none, and where it unpacks to too much', async () => {
    await expect(read(Buffer.from('no archive'))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    await expect(read(gzipSync('no archive'))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    await expect(read(Buffer.from([0x1f, 0x8b, 1, 2]))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    const bomb = gzipSync(tarBytes([{ name: 'a.yaml', body: Buffer.alloc(20_000_000) }]));
    await expect(read(bomb)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(textsOf(await read(tarBytes([])))).toEqual({});
  });
});
