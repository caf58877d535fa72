import { describe, expect, it } from 'vitest';
import { releaseKeys } from './release-keys.ts';

const release = { channel: 'line-a', version: '1.4.0', sequence: 17, statement: 'sha256:…' };
const load = { item: 'file tools/k3s' };
const file = (path: string) => ({ path, root: { mediaType: '', digest: 'sha256:…' as never, size: 1 } });

describe('keys of a release', () => {
  it.each([
    ['{channel}/{version}/{path}', 'line-a/1.4.0/tools/k3s', 'line-a/index.json'],
    ['{channel}/{sequence}/{path}', 'line-a/17/tools/k3s', 'line-a/index.json'],
    ['all/{version}/{path}', 'all/1.4.0/tools/k3s', 'all/index.json'],
    ['{version}/{channel}/{path}', '1.4.0/line-a/tools/k3s', 'index.json'],
    ['{channel}/v{version}-{sequence}/files/{path}', 'line-a/v1.4.0-17/files/tools/k3s', 'line-a/index.json'],
  ])('by %s', (template, key, index) => {
    const keys = releaseKeys(template, undefined, release);
    expect(keys.keyOf(file('tools/k3s'), load)).toBe(key);
    expect(keys.index).toBe(index);
    expect(keys.keyOfLoad({ ...load, path: 'tools/k3s' })).toBe(key);
    expect(keys.keyOfLoad({ ...load, path: 'tools/k3s/' })).toBe(`${key}/`);
    expect(key.startsWith(keys.prefix)).toBe(true);
    expect(keys.prefixOf(release)).toBe(keys.prefix);
    expect(keys.prefixOf({ version: '1.3.0', sequence: 16 })).not.toBe(keys.prefix);
  });

  it.each([
    ['{channel}/latest/{path}', 'line-a/latest/'],
    ['{path}', ''],
  ])('have copies by %s', (latest, prefix) => {
    expect(releaseKeys('{channel}/{version}/{path}', latest, release).latest).toBe(prefix);
  });

  it('do not leave their place', () => {
    const keys = releaseKeys('{channel}/{version}/{path}', undefined, release);
    expect(() => keys.keyOf(file('../x'), load)).toThrow(expect.objectContaining({ code: 'NAME_UNSAFE' }));
  });
});
