import { readdir, rm, writeFile } from 'node:fs/promises';
import { hexOf } from '@gapferry/core';
import { describeTarget } from '@gapferry/core/testing';
import { temporaryDirectory } from '@gapferry/testkit';
import { fileTreeTarget } from './file-tree-target.ts';
import { localTree } from './local-tree.ts';

for (const path of ['{path}', '{channel}/{version}/{path}'])
  describeTarget(
    `a plain directory with ${path}`,
    async () => {
      const directory = await temporaryDirectory();
      const release = {
        channel: 'line-a',
        version: '1.0.0',
        sequence: 1,
        statement: `sha256:${'1'.repeat(64)}`,
      };
      const target = fileTreeTarget({
        name: 'files',
        tree: localTree(directory.path),
        path,
        release,
        policy: { prune: false },
      });
      return {
        target,
        files: true,
        spoil: async ({ digest }, how) => {
          const names = await readdir(directory.path, { recursive: true });
          for (const name of names.filter((one) => one.endsWith(hexOf(digest))))
            if (how === 'remove') await rm(directory.join(name));
            else await writeFile(directory.join(name), 'something else');
        },
        close: () => directory.remove(),
      };
    },
    'files',
  );
