import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { createGit, gitPusher } from '@gapferry/git';
import { gitHostTarget, plainHost } from '@gapferry/targets';
import { gitEnvironment, mustRun, startGitServer, temporaryDirectory } from '@gapferry/testkit';
import { gitStates } from '../testing/git-states.ts';
import { memoryLifts } from '../testing/memory-lifts.ts';

describeTarget('bare repositories in a directory', () => makeFixture('path'), 'git');
describeTarget('bare repositories over HTTP', () => makeFixture('http'), 'git');
describeTarget('bare repositories that take only branches and tags', () => makeFixture('hidden'), 'git');

async function makeFixture(how: 'path' | 'http' | 'hidden'): Promise<TargetFixture> {
  const home = await temporaryDirectory();
  const server = await startGitServer(home.join('srv'), { push: true });
  const remotes = gitPusher({
    git: createGit({ environment: gitEnvironment() }),
    workDirectory: home.join('work'),
    wait: async () => {},
  });
  const bare = home.join('srv/git.example/line/infra.git');
  if (how !== 'path') await mustRun('git', ['init', '-q', '--bare', bare], { env: gitEnvironment() });
  if (how === 'hidden')
    await mustRun('git', ['--git-dir', bare, 'config', 'receive.hideRefs', 'refs/gapferry/incoming'], {
      env: gitEnvironment(),
    });
  const url = how === 'path' ? `file://${home.join('srv')}` : server.url;
  const target = gitHostTarget({
    name: 'forge',
    host: plainHost({ url, template: '{host}/{path}', remotes }),
    remotes,
    policy: { force: 'backup', tags: 'keep', prune: false, protected: 'refuse' },
    release: { channel: 'line', version: '1.4.0', sequence: 17, statement: `sha256:${'a'.repeat(64)}` },
    journal: memoryLifts(),
  });
  return {
    target,
    files: false,
    git: await gitStates(home.join('upstream')),
    spoil: async () => {},
    close: async () => {
      await target.close();
      await server.close();
      await home.remove();
    },
  };
}
