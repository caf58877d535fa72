import { join } from 'node:path';
import type { DepotTargetConfig } from '@gapferry/bundle';
import { GapferryError, type Run, type Target } from '@gapferry/core';
import { childEnvironment, readEnvironment } from '../environment.ts';
import { gitRepositories } from './git-repositories.ts';
import { type OpenTarget, openRegistry } from './open-registry.ts';
import type { Site } from './open-site.ts';

export interface OpenTargets {
  /** By name. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Closes idle connections. */
  close(): void;
}

/** Opens every target of the site: directories of embedded depots are made where there are none, registries are asked nothing yet. `env`: where the site's credentials are looked up.
 *  Throws `CONFIG_INVALID`, `USAGE`. */
export async function openTargets(
  site: Site,
  env: Readonly<Record<string, string | undefined>>,
  run: Run,
): Promise<OpenTargets> {
  requireSeparate(site);
  const environment = readEnvironment(env);
  const opened = new Map<string, OpenTarget>();
  for (const config of site.config.targets)
    opened.set(
      config.name,
      config.kind === 'depot'
        ? await openEmbedded(site, config)
        : await openRegistry(site, config, { environment, env }, run),
    );
  return {
    targets: new Map([...opened].map(([name, { target }]) => [name, target])),
    close: () => {
      for (const { close } of opened.values()) close();
    },
  };
}

async function openEmbedded(site: Site, { name, path }: DepotTargetConfig): Promise<OpenTarget> {
  const [{ openDepot }, { embeddedTarget }, { createGit }] = await Promise.all([
    import('@gapferry/depot'),
    import('@gapferry/targets'),
    import('@gapferry/git'),
  ]);
  const tree = site.pathOf(path);
  const store = await openDepot(tree, { create: true, origin: 'target' });
  const git = createGit({ environment: childEnvironment() });
  const repositories = gitRepositories(git, join(site.stateDirectory, 'quarantine'));
  return { target: embeddedTarget({ name, store, repositories, tree }), close: () => {} };
}

/** Two targets in one directory would each see the other's work as somebody else's. */
function requireSeparate(site: Site): void {
  const paths = depotPaths(site);
  if (new Set(paths).size === paths.length) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `two targets of ${site.file} have the same path`,
    hint: 'give each target a directory of its own',
    origin: 'site',
  });
}

/** Absolute paths of the embedded depots. */
export function depotPaths(site: Site): string[] {
  return site.config.targets.flatMap((target) => (target.kind === 'depot' ? [site.pathOf(target.path)] : []));
}
