import { join } from 'node:path';
import { GapferryError, type Target } from '@gapferry/core';
import { childEnvironment } from '../environment.ts';
import { gitRepositories } from './git-repositories.ts';
import type { Site } from './open-site.ts';

/** Opens every target of the site. `create: false` (for `plan`) makes no directory: a target that is not there yet is looked at as empty. */
export async function openTargets(site: Site): Promise<ReadonlyMap<string, Target>> {
  const [{ openDepot }, { embeddedTarget }, { createGit }] = await Promise.all([
    import('@gapferry/depot'),
    import('@gapferry/targets'),
    import('@gapferry/git'),
  ]);
  const git = createGit({ environment: childEnvironment() });
  const opened = await Promise.all(
    site.config.targets.map(async ({ name, path }): Promise<[string, Target]> => {
      const tree = site.pathOf(path);
      const store = await openDepot(tree, { create: true, origin: 'target' });
      const repositories = gitRepositories(git, join(site.stateDirectory, 'quarantine'));
      return [name, embeddedTarget({ name, store, repositories, tree })];
    }),
  );
  requireSeparate(site);
  return new Map(opened);
}

/** Two targets in one directory would each see the other's work as somebody else's. */
function requireSeparate(site: Site): void {
  const paths = site.config.targets.map((target) => site.pathOf(target.path));
  if (new Set(paths).size === paths.length) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `two targets of ${site.file} have the same path`,
    hint: 'give each target a directory of its own',
    origin: 'site',
  });
}
