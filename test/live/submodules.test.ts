import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  gitEnvironment,
  gitServerMissing,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine } from '../support/command-line.ts';
import { checkedOut, makeSubmoduleWorld, type SubmoduleWorld } from '../support/submodule-world.ts';
import { makeTwoMachines } from '../support/two-machines.ts';
import { type GitLfs, installGitLfs } from './support/git-lfs.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { lacks } from './support/tools.ts';

const missing = gitServerMissing();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

/** Gitea has two levels: `team/app` and `team/lib` of one host lie beside each other under other names, where no relative URL of upstream leads. */
describe.skipIf(missing !== undefined || lacks('gitea', 'git-lfs'))(
  'submodules in a Gitea of the plant',
  { timeout: 180_000 },
  () => {
    const cleanup = new AsyncDisposableStack();
    let home: TemporaryDirectory;
    let world: SubmoduleWorld;
    let gitea: Gitea;
    let inside: Machine;
    let expected: Readonly<Record<string, string>>;
    let organisation: string;
    let clones = 0;

    beforeAll(async () => {
      home = cleanup.use(await temporaryDirectory());
      world = cleanup.use(await makeSubmoduleWorld());
      gitea = cleanup.use(await startGitea());
      organisation = world.server.host.replace(':', '-');
      expected = await clone(await user('outside'), `${world.server.url}/team/app`);
      const machines = await makeTwoMachines({ bundle: world.bundle(), environment: {} });
      cleanup.defer(() => machines.close());
      const { username, password } = gitea.credentials;
      const { directory, environment } = machines.inside;
      await writeFile(join(directory, 'site/forge.login'), `${username}:${password}\n`, { mode: 0o600 });
      const target = `name: forge, kind: gitea, url: "http://${gitea.host}", credentials: {file: forge.login}`;
      const site = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {${target}}\n`;
      await writeFile(join(directory, 'site/site.yaml'), site);
      inside = { directory, environment: { ...environment, NETWORK_ALLOWED: gitea.host } };
      await machines.collect('--first', '--version', '1.0.0');
      await machines.export();
      const flags = ['--site', 'site/site.yaml'];
      const loaded = await gapferryJson(inside, ['import', machines.stick, ...flags, '--yes']);
      expect(loaded).toMatchObject({ kind: 'loaded' });
      const config = ['mirror-config', 'git', ...flags, '--release', machines.stick, '--stdout'];
      await writeFile(home.join('gitconfig'), (await gapferry(inside, config)).stdout);
      // Nobody can fall back on what is outside.
      await world.server.close();
    }, 180_000);
    afterAll(() => cleanup.disposeAsync());

    async function user(name: string, ...include: readonly string[]): Promise<GitLfs> {
      const { username, password } = gitea.credentials;
      const helper = `!f() { echo username=${username}; echo password=${password}; }; f`;
      const more = { 'credential.helper': helper, ...(include[0] && { 'include.path': include[0] }) };
      return installGitLfs(home.join(name), more);
    }

    async function clone(lfs: GitLfs, url: string): Promise<Readonly<Record<string, string>>> {
      const directory = home.join(`clone-${clones++}`);
      await lfs.git(home.path, 'clone', '-q', '--recurse-submodules', url, directory);
      return checkedOut(directory);
    }

    it('lie where no relative URL leads', async () => {
      const refs = async (name: string): Promise<string> => {
        const { username, password } = gitea.credentials;
        const url = `http://${username}:${password}@${gitea.host}/${organisation}/${name}.git`;
        return mustRun('git', ['ls-remote', url], { env: gitEnvironment() });
      };
      for (const name of ['team-app', 'team-lib', 'other-base', 'other-deep'])
        expect(await refs(name)).toContain('refs/heads/main');
      await expect(
        clone(await user('plain'), `http://${gitea.host}/${organisation}/team-app.git`),
      ).rejects.toThrow(/repository 'http:\/\/[^']*\/lib\/' not found/);
    });

    it('are checked out with the generated configuration as from upstream, byte for byte, with Git LFS', async () => {
      expect(Object.keys(expected)).toEqual(
        expect.arrayContaining(['libs/lib/model.bin', 'libs/lib/deep/libs/app/README.md', 'base/README.md']),
      );
      const configured = await user('configured', home.join('gitconfig'));
      expect(await clone(configured, `http://${gitea.host}/${organisation}/team-app.git`)).toEqual(expected);
      expect(await clone(configured, `${world.server.url}/team/app`)).toEqual(expected);
    });
  },
);
