import { join, sep } from 'node:path';
import type { DepotTargetConfig, TargetConfig, TrustedManifest } from '@gapferry/bundle';
import { GapferryError, isGapferryError, type NotedTarget, type Run, type Target } from '@gapferry/core';
import { systemClock } from '../clock.ts';
import { childEnvironment, readEnvironment } from '../environment.ts';
import { gitRepositories } from './git-repositories.ts';
import { goingBackConfig } from './going-back-config.ts';
import { hostWitness } from './host-witness.ts';
import { openDirectory, openWebdavTarget } from './open-file-tree.ts';
import { openGitHost } from './open-git-host.ts';
import { openGitlabRegistry } from './open-gitlab-registry.ts';
import { openHarbor } from './open-harbor.ts';
import { openQuay } from './open-quay.ts';
import { type OpenTarget, openRegistry, type Surroundings } from './open-registry.ts';
import { openS3 } from './open-s3.ts';
import type { Site } from './open-site.ts';
import { unopenedTarget } from './unopened-target.ts';

export interface OpenTargets {
  /** By name. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Closes idle connections, and removes what was unpacked for pushes. */
  close(): Promise<void>;
}

/** Opens every target of the site for one release: directories of embedded depots are made where there are none, other hosts are asked nothing yet. `env`: where the site's credentials
 *  are looked up. `looksOnly`: for who does not hold the site's lock. A target that lacks credentials or certificates says so when it is asked. Throws `CONFIG_INVALID`. */
export async function openTargets(
  site: Site,
  env: Readonly<Record<string, string | undefined>>,
  release: TrustedManifest,
  run: Run,
  { looksOnly = false }: { readonly looksOnly?: boolean } = {},
): Promise<OpenTargets> {
  requireSeparate(site);
  const surroundings: Surroundings = { environment: readEnvironment(env), env, looksOnly };
  const opened = new Map<string, OpenTarget>();
  const close = async (): Promise<void> => {
    for (const target of opened.values()) await target.close();
  };
  try {
    for (const config of site.config.targets) {
      const wanted = release.override === undefined ? config : goingBackConfig(config);
      opened.set(config.name, await openListened(site, wanted, surroundings, release, run));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { targets: new Map([...opened].map(([name, { target }]) => [name, target])), close };
}

/** What its hosts say of themselves with every answer is remembered. One that cannot be opened as the site has it says so when it is asked. */
async function openListened(
  site: Site,
  config: TargetConfig,
  surroundings: Surroundings,
  release: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const witness = hostWitness(systemClock);
  try {
    const { target, close } = await openTarget(site, config, { ...surroundings, witness }, release, run);
    const noted: NotedTarget = { ...target, hostNotes: witness.notes };
    return { target: noted, close };
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'usage') throw error;
    return { target: unopenedTarget(config.name, error), close: () => {} };
  }
}

async function openTarget(
  site: Site,
  config: TargetConfig,
  surroundings: Surroundings,
  release: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  switch (config.kind) {
    case 'depot':
      return await openEmbedded(site, config);
    case 'registry':
      return await openRegistry(site, config, surroundings, run);
    case 'harbor':
      return await openHarbor(site, config, surroundings, release, run);
    case 'quay':
      return await openQuay(site, config, surroundings, release, run);
    case 'gitlab-registry':
      return await openGitlabRegistry(site, config, surroundings, release, run);
    case 's3':
      return await openS3(site, config, surroundings, release, run);
    case 'directory':
      return await openDirectory(site, config, release);
    case 'webdav':
      return await openWebdavTarget(site, config, surroundings, release, run);
    default:
      return await openGitHost(site, config, surroundings, release, run);
  }
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
  const directories = site.config.targets.flatMap((target) =>
    target.kind === 'directory' ? [site.pathOf(target.directory)] : [],
  );
  const depots = depotPaths(site);
  const paths = [...depots, ...directories];
  const inside = paths.find((path) => depots.some((depot) => path.startsWith(`${depot}${sep}`)));
  if (inside === undefined && new Set(paths).size === paths.length) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message:
      inside === undefined
        ? `two targets of ${site.file} have the same path`
        : `a target of ${site.file} lies inside the depot of another one: ${inside}`,
    hint: 'give each target a directory of its own',
    origin: 'site',
  });
}

/** Absolute paths of the embedded depots. */
export function depotPaths(site: Site): string[] {
  return site.config.targets.flatMap((target) => (target.kind === 'depot' ? [site.pathOf(target.path)] : []));
}
