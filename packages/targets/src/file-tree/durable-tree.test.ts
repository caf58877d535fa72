import { readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { makeDirectory } from '@gapferry/core/testing';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it, onTestFinished, vi } from 'vitest';
import { fileTreeTarget } from './file-tree-target.ts';
import { localTree } from './local-tree.ts';

const run = quietRun();

/** Only Linux says which file a descriptor is. */
function hasNoProc(): boolean {
  if (process.platform === 'linux') return false;
  process.stderr.write('skipped: needs /proc/self/fd\n');
  return true;
}

/** Directories that are synced from now on, relative to `root`. */
async function syncedBelow(root: string): Promise<string[]> {
  const paths: string[] = [];
  await using handle = await open(root);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  const { sync } = prototype;
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
    paths.push(readlinkSync(`/proc/self/fd/${this.fd}`).slice(root.length + 1));
    return sync.call(this);
  });
  onTestFinished(() => spy.mockRestore());
  return paths;
}

// What the kernel sees, and in which order, is in test/e2e/durable-names.long.test.ts.
it.skipIf(hasNoProc())(
  'names in a directory are synced with the directories that were made for them',
  async () => {
    await using directory = await temporaryDirectory();
    const target = fileTreeTarget({
      name: 'files',
      tree: localTree(directory.path),
      path: '{channel}/{path}',
      policy: { prune: false },
      release: { channel: 'line-a', version: '1.0.0', sequence: 1, statement: `sha256:${'1'.repeat(64)}` },
    });
    const { content, name, medium } = makeDirectory('v1');
    await target.load(content, medium, run);
    await target.readBack(content, run);
    const synced = await syncedBelow(directory.path);
    await target.loadNames([name], medium, run);
    const made = ['', 'line-a', 'line-a/tools', 'line-a/tools/kit'];
    const named = ['line-a/tools/kit/bin', 'line-a/tools/kit/doc', '.gapferry/line-a', 'line-a'];
    expect(synced).toEqual(expect.arrayContaining([...made, ...named]));
    expect(synced.lastIndexOf('line-a')).toBeGreaterThan(synced.indexOf('line-a/tools/kit/bin'));
  },
);
