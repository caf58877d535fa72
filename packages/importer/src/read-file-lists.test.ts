import { encodeFileList, MAX_INLINE_FILES } from '@gapferry/bundle';
import { add, type SimulatedRelease, simulatedRelease } from '@gapferry/bundle/testing';
import type { DirectoryFile, FileName } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { expectInvalid, listAsBlob, plannedLoads } from './testing/carry-list.ts';
import { Inside } from './testing/inside.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

interface Listed {
  readonly release: SimulatedRelease;
  readonly files: readonly DirectoryFile[];
}

/** A directory with more files than stand in line; `say` makes the list that is signed. */
function listed(say: (files: readonly DirectoryFile[]) => Uint8Array = encodeFileList): Listed {
  const release = simulatedRelease({ files: { kit: 'text 0' } });
  const files = Array.from({ length: MAX_INLINE_FILES + 1 }, (_, i) => ({
    path: `f${String(i).padStart(4, '0')}`,
    ...add(release.blobs, `text ${i}`),
    ...(i === 3 && { executable: true as const }),
  }));
  const [item] = release.manifest.items;
  item.id = 'kit/';
  item.files = listAsBlob(release, files, say(files));
  delete item.root;
  return { release, files };
}

describe('a list of files that is a blob', () => {
  it('is read, and targets are asked for every file by its path', async () => {
    const { release, files } = listed();
    const loads = await plannedLoads(inside, release);
    const name = loads.find((load): load is FileName => load.kind === 'file' && load.phase === 'name');
    expect(name?.path).toBe('kit/');
    expect(name?.files.map(({ path, executable }) => [path, executable])).toEqual(
      files.map(({ path, executable }) => [`kit/${path}`, executable]),
    );
  });

  it.each<[string, (files: readonly DirectoryFile[]) => Uint8Array]>([
    ['lacks a file of the item', (files) => encodeFileList(files.slice(1))],
    [
      'names bytes that the item has not',
      ([one, ...more]) =>
        encodeFileList([{ ...(one as DirectoryFile), digest: `sha256:${'0'.repeat(64)}` as never }, ...more]),
    ],
    [
      'says another size',
      ([one, ...more]) => encodeFileList([{ ...(one as DirectoryFile), size: 7 }, ...more]),
    ],
    [
      'leads out of the directory',
      ([one, ...more]) => encodeFileList([{ ...(one as DirectoryFile), path: '../f' }, ...more]),
    ],
    ['is not sorted', (files) => encodeFileList([...files].reverse())],
    ['is no list', () => Buffer.from('{}')],
  ])('that %s is refused before a target is asked', async (_, say) => {
    await expectInvalid(inside, listed(say).release);
  });
});
