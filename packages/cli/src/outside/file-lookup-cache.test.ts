import { createHash } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { fileLookupCache } from './file-lookup-cache.ts';

const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex');

describe('look-ups that are kept in files', () => {
  it('are there for the next run, each under its name, and nothing else is left', async () => {
    await using home = await temporaryDirectory();
    const directory = home.join('work', 'lookups');
    await fileLookupCache(directory).put('one', { at: 1 });
    await fileLookupCache(directory).put('../other', [2]);
    await fileLookupCache(directory).put('one', { at: 3 });
    const next = fileLookupCache(directory);
    expect([await next.get('one'), await next.get('../other'), await next.get('none')]).toEqual([
      { at: 3 },
      [2],
      undefined,
    ]);
    expect((await readdir(directory)).every((name) => /^[0-9a-f]{64}\.json$/.test(name))).toBe(true);
    expect(await readdir(directory)).toHaveLength(2);
    expect(await readdir(home.path)).toEqual(['work']);
  });

  it.each([
    ['damaged', (text: string) => text.slice(0, -3)],
    ['of another name', (text: string) => text.replace('"one"', '"two"')],
    ['too long', (text: string) => text + ' '.repeat(1 << 20)],
    ['empty', () => 'null'],
  ])('count as not there when a file is %s', async (_, change) => {
    await using home = await temporaryDirectory();
    const cache = fileLookupCache(home.path);
    await cache.put('one', 1);
    const [name = ''] = await readdir(home.path);
    await writeFile(home.join(name), change(await readFile(home.join(name), 'utf8')));
    expect(await cache.get('one')).toBeUndefined();
  });

  it('are removed when they are older than 30 days', async () => {
    await using home = await temporaryDirectory();
    await fileLookupCache(home.path).put('old', 1);
    await fileLookupCache(home.path).put('young', 2);
    const [old = ''] = (await readdir(home.path)).filter((name) => name.startsWith(hashOf('old')));
    const then = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    await utimes(home.join(old), then, then);
    const cache = fileLookupCache(home.path);
    await cache.put('new', 3);
    expect([await cache.get('old'), await cache.get('young'), await cache.get('new')]).toEqual([
      undefined,
      2,
      3,
    ]);
  });

  it('are not kept where nothing can be written, which is no error', async () => {
    await using home = await temporaryDirectory();
    await writeFile(home.join('file'), '');
    const cache = fileLookupCache(home.join('file'));
    await cache.put('one', 1);
    expect(await cache.get('one')).toBeUndefined();
  });
});
