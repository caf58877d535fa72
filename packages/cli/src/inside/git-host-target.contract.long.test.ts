import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { type GitHostKind, openGitHostFixture } from '../testing/git-host-fixture.ts';
import { gitStates } from '../testing/git-states.ts';

const HOSTS: readonly (readonly [string, GitHostKind])[] = [
  ['bare repositories in a directory', 'path'],
  ['bare repositories over HTTP', 'http'],
  ['bare repositories that take only branches and tags', 'hidden'],
  ['Gitea', 'gitea'],
  ['GitLab', 'gitlab'],
];

for (const [name, kind] of HOSTS) describeTarget(name, () => makeFixture(kind), 'git');

async function makeFixture(kind: GitHostKind): Promise<TargetFixture> {
  const fixture = await openGitHostFixture(kind);
  return {
    target: fixture.open().target,
    files: false,
    git: await gitStates(fixture.path('upstream')),
    spoil: async () => {},
    close: () => fixture.close(),
  };
}
