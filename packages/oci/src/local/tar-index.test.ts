import { writeFile } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import {
  isMissing,
  mustRun,
  paxRecord,
  type TemporaryDirectory,
  tarBytes,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalFile } from './local-file.ts';
import { indexTar, type TarIndex } from './tar-index.ts';

let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
});
afterAll(() => home.remove());

async function index(bytes: Uint8Array): Promise<TarIndex> {
  await writeFile(home.join('a.tar'), bytes);
  const file = await openLocalFile(home.join('a.tar'), 'a.tar', { follow: false });
  try {
    return await indexTar(file, quietRun());
  } finally {
    await file.close();
  }
}

const long = `${'folder/'.repeat(40)}file`;

describe('the index of a tar archive', () => {
  it('knows where the files are, by their plain names', async () => {
    const bytes = tarBytes([
      { name: './', type: '5' },
      { name: './a', body: 'AAA' },
      { name: 'b/', type: '5' },
      { name: 'b/c', body: 'CC' },
    ]);
    const { find } = await index(bytes);
    expect(['a', 'b/c', 'b', 'x'].map(find)).toEqual([
      { offset: 1024, size: 3 },
      { offset: 2560, size: 2 },
      undefined,
      undefined,
    ]);
  });

  it('follows links that stay inside', async () => {
    const { find } = await index(
      tarBytes([
        { name: 'one/layer.tar', type: '2', link: '../two/layer.tar' },
        { name: 'two/layer.tar', body: 'L' },
        { name: 'three', type: '1', link: 'one/layer.tar' },
        { name: 'dangling', type: '2', link: 'nowhere' },
      ]),
    );
    expect(find('one/layer.tar')).toEqual(find('two/layer.tar'));
    expect(find('three')).toEqual(find('two/layer.tar'));
    expect(find('dangling')).toBeUndefined();
  });

  it('takes names and sizes from pax and GNU headers', async () => {
    const { find } = await index(
      tarBytes([
        { name: 'PaxHeader', type: 'x', body: paxRecord('path', long) + paxRecord('mtime', '1.5') },
        { name: 'short', body: 'PAX' },
        { name: '././@LongLink', type: 'L', body: `${long}2\0` },
        { name: 'short', body: 'GNU!' },
        { name: 'base256', body: 'x', size: Buffer.from('800000000000000000000001', 'hex') },
      ]),
    );
    expect([find(long)?.size, find(`${long}2`)?.size, find('base256')?.size]).toEqual([3, 4, 1]);
    expect(find('short')).toBeUndefined();
  });

  it.skipIf(isMissing('tar')).each(['gnu', 'pax', 'ustar', 'oldgnu'])(
    'reads what tar --format=%s writes',
    async (format) => {
      const folder = home.join(`tree-${format}`);
      const deep = `${folder}/${'d'.repeat(60)}/${'e'.repeat(60)}`;
      await mustRun('mkdir', ['-p', deep]);
      await writeFile(`${deep}/file`, 'deep');
      await writeFile(`${folder}/top`, 'x'.repeat(1000));
      await mustRun('tar', [`--format=${format}`, '-C', folder, '-cf', home.join('t.tar'), '.']);
      const file = await openLocalFile(home.join('t.tar'), 't.tar', { follow: false });
      const { find } = await indexTar(file, quietRun());
      const body = find(`${'d'.repeat(60)}/${'e'.repeat(60)}/file`);
      expect(Buffer.from(await file.read(body?.offset ?? 0, body?.size ?? 0)).toString()).toBe('deep');
      expect(find('top')?.size).toBe(1000);
      await file.close();
    },
  );
});

describe('a hostile tar archive', () => {
  const file = { name: 'ok', body: 'ok' };
  const eightEiB = Buffer.from('800000007fffffffffffffff', 'hex');
  it.each([
    ['a path that leaves it', [{ name: '../evil' }], 'not allowed'],
    ['a path that leaves it further down', [{ name: 'a/../../evil' }], 'not allowed'],
    ['an absolute path', [{ name: '/etc/passwd' }], 'not allowed'],
    ['a path with a backslash', [{ name: 'a\\b' }], 'not allowed'],
    ['a path with a control character', [{ name: 'a\u001b[2J' }], 'not allowed'],
    [
      'a pax path that leaves it',
      [{ name: 'x', type: 'x', body: paxRecord('path', '../evil') }, file],
      'not allowed',
    ],
    ['a GNU name that leaves it', [{ name: 'x', type: 'L', body: '../evil\0' }, file], 'not allowed'],
    ['a symbolic link out of it', [{ name: 'l', type: '2', link: '../../etc/passwd' }], 'leads out'],
    ['an absolute symbolic link', [{ name: 'l', type: '2', link: '/etc/passwd' }], 'leads out'],
    ['a hard link out of it', [{ name: 'l', type: '1', link: '../evil' }], 'not allowed'],
    ['an absolute hard link', [{ name: 'l', type: '1', link: '/etc/passwd' }], 'not allowed'],
    ['a character device', [{ name: 'd', type: '3' }], 'a device'],
    ['a block device', [{ name: 'd', type: '4' }], 'a device'],
    ['a pipe', [{ name: 'd', type: '6' }], 'a pipe'],
    ['a GNU sparse file', [{ name: 's', type: 'S', body: 'x' }], 'a sparse file'],
    [
      'a pax sparse file',
      [{ name: 'x', type: 'x', body: paxRecord('GNU.sparse.realsize', '9'.repeat(18)) }, file],
      'a sparse file',
    ],
    ['a name twice', [file, file], 'is in it twice'],
    ['a name twice in two spellings', [file, { name: './ok', body: 'other' }], 'is in it twice'],
    ['a body of 8 EiB', [{ name: 'big', size: eightEiB }], 'a number that no file can have'],
    ['a negative size', [{ name: 'big', size: Buffer.alloc(12, 0xff) }], 'a number that no file can have'],
    ['a size that is no number', [{ name: 'big', size: '9x' }], 'a number that no file can have'],
    ['a body of 8 GiB that is not there', [{ name: 'big', size: '77777777777' }], 'are left'],
    ['two sizes', [{ name: 'x', type: 'x', body: paxRecord('size', '1') }, file], 'two sizes'],
    [
      'a pax size of 8 EiB',
      [
        { name: 'x', type: 'x', body: paxRecord('size', '9223372036854775807') },
        { name: 'o', size: 0 },
      ],
      'a size that no file can have',
    ],
    [
      'a pax size larger than it',
      [
        { name: 'x', type: 'x', body: paxRecord('size', '9000000000') },
        { name: 'o', size: 0 },
      ],
      'are left',
    ],
    [
      'a pax record that is longer than its header',
      [{ name: 'x', type: 'x', body: '99 path=a\n' }, file],
      'malformed',
    ],
    [
      'a global header with a path',
      [{ name: 'g', type: 'g', body: paxRecord('path', 'all') }, file],
      'global header',
    ],
    ['an unknown kind of entry', [{ name: 'v', type: 'V' }], 'unknown kind'],
  ] as const)('with %s is refused', async (_, entries, why) => {
    await expect(index(tarBytes(entries))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      origin: 'source',
      message: expect.stringContaining(why),
    });
  });

  it('with links in a circle is refused when one is asked for', async () => {
    const { find } = await index(
      tarBytes([
        { name: 'a', type: '2', link: 'b' },
        { name: 'b', type: '2', link: 'a' },
      ]),
    );
    expect(() => find('a')).toThrow('have no end');
  });

  it.each([
    ['long', { name: 'x', type: 'L', size: 1 << 30 }],
    ['pax', { name: 'x', type: 'x', size: 2 << 20, body: Buffer.alloc(2 << 20) }],
  ])('with a %s name of a gigabyte is refused before anything is read', async (_, entry) => {
    await expect(index(tarBytes([entry]))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('with more than 50,000 entries is refused', async () => {
    const folder = tarBytes([{ name: 'd/', type: '5' }], Buffer.alloc(0));
    const entries = Buffer.alloc(50_001 * folder.byteLength, folder);
    await expect(index(entries)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it.each([0, 1, 511, 512, 513, 1023, 1024, 1025, 1535, 1536])(
    'cut after %d of its bytes is refused',
    async (length) => {
      const whole = tarBytes([file, { name: 'b', body: 'b' }]);
      await expect(index(whole.subarray(0, length))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    },
  );

  it('may have zeros after its end, but nothing else', async () => {
    expect((await index(tarBytes([file], Buffer.alloc(10_240)))).find('ok')?.size).toBe(2);
    for (const end of [
      Buffer.concat([Buffer.alloc(1024), Buffer.from('x')]),
      tarBytes([], tarBytes([], Buffer.alloc(2 << 20))),
    ])
      await expect(index(tarBytes([file], end))).rejects.toMatchObject({
        message: expect.stringContaining('bytes after its end'),
      });
  });

  it('with one byte of a header changed is refused', async () => {
    const bytes = tarBytes([file]);
    bytes[0] = 0x70;
    await expect(index(bytes)).rejects.toMatchObject({ message: expect.stringContaining('check sum') });
  });
});
