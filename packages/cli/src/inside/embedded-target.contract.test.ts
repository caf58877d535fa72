import { hexOf } from '@gapferry/core';
import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { openDepot } from '@gapferry/depot';
import { createGit } from '@gapferry/git';
import { embeddedTarget } from '@gapferry/targets';
import { flipByte, gitEnvironment, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { gitStates } from '../testing/git-states.ts';
import { gitRepositories } from './git-repositories.ts';

describeTarget('the embedded depot over a real depot and real repositories', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const directory = await temporaryDirectory();
  const tree = directory.join('depot');
  const store = await openDepot(tree, { create: true, origin: 'target' });
  const repositories = gitRepositories(
    createGit({ environment: gitEnvironment() }),
    directory.join('quarantine'),
  );
  return {
    target: embeddedTarget({ name: 'plant', store, repositories, tree }),
    files: true,
    git: await gitStates(directory.join('upstream')),
    spoil: async ({ digest }, how) => {
      const path = directory.join('depot/blobs/sha256', hexOf(digest));
      if (how === 'remove') return await store.discard(digest);
      await mustRun('chmod', ['u+w', path]);
      await flipByte(path, 10);
    },
    close: () => directory.remove(),
  };
}
