import { digestFromHex, digestOf, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { writeIndex } from '../s3/release-index.ts';
import type { FileTree } from './file-tree.ts';
import { treeMemory } from './tree-memory.ts';

const run = quietRun();
const INDEX = '.gapferry/index.json';
const AT = { path: 'tool', item: 'tool' };

/** A server whose files all have the same tag; what it was asked for. */
function serverWith(files: ReadonlyMap<string, Buffer>, tag: string) {
  const opened: string[] = [];
  const tree = {
    isRemote: true,
    look: async ({ path }: { path: string }) => {
      const bytes = files.get(path);
      return bytes === undefined ? undefined : { size: bytes.byteLength, tag };
    },
    async *open({ path }: { path: string }) {
      opened.push(path);
      yield files.get(path) ?? Buffer.alloc(0);
    },
  } as unknown as FileTree;
  return { tree, opened };
}

/** What our last release left in the index of a file with these bytes. */
function indexOf(bytes: Buffer, etag: string): Buffer {
  const file = { path: 'tool', key: 'tool', digest: digestOf(bytes), size: bytes.byteLength, etag };
  const release = {
    channel: 'line-a',
    version: '1.0.0',
    sequence: 1,
    statement: digestFromHex('0'.repeat(64)),
  };
  return Buffer.from(writeIndex({ ...release, files: [file], earlier: [] }));
}

describe('a file server', () => {
  const ours = Buffer.from('what we left');
  const theirs = Buffer.from('somebody was');

  it('that tells states of a file apart is believed that nothing changed', async () => {
    const { tree, opened } = serverWith(
      new Map([
        [INDEX, indexOf(ours, '"1"')],
        ['tool', ours],
      ]),
      '"1"',
    );
    expect(await treeMemory(tree, INDEX).at(AT, run)).toMatchObject({ digest: digestOf(ours) });
    expect(opened).toEqual([INDEX]);
  });

  it('that says nothing of when a file changed is read, however the size is the same', async () => {
    const { tree, opened } = serverWith(
      new Map([
        [INDEX, indexOf(ours, '')],
        ['tool', theirs],
      ]),
      '',
    );
    expect(await treeMemory(tree, INDEX).at(AT, run)).toMatchObject({ digest: digestOf(theirs) });
    expect(opened).toEqual([INDEX, 'tool']);
  });

  it('that says nothing of it is read again at the barrier', async () => {
    const files = new Map([['tool', ours]]);
    const { tree } = serverWith(files, '');
    const memory = treeMemory(tree, INDEX);
    expect(await memory.at(AT, run)).toMatchObject({ digest: digestOf(ours) });
    files.set('tool', theirs);
    memory.relook();
    expect(await memory.at(AT, run)).toMatchObject({ digest: digestOf(theirs) });
  });
});
