import { parseSiteConfig, type TrustedManifest } from '@gapferry/bundle';
import { GapferryError, hasPreflight, type Load, quietRun, type Target } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import type { Site } from '../inside/open-site.ts';
import { openTargets } from '../inside/open-targets.ts';

/** What is loaded, as far as opening targets asks. */
const RELEASE = {
  release: { channel: 'line-a', version: '1.4.0', sequence: 17 },
  statement: `sha256:${'1'.repeat(64)}`,
} as unknown as TrustedManifest;

/** A site with one target named plant, whose credentials in the environment are `PLANT`: user and secret. */
export interface PlantSite {
  readonly home: TemporaryDirectory;
  /** `members`: of the target, as they stand in site.yaml. */
  open(members: string): Promise<Target>;
  close(): Promise<void>;
}

export async function makePlantSite(): Promise<PlantSite> {
  const home = await temporaryDirectory();
  const opened: Array<() => Promise<void>> = [];
  return {
    home,
    async open(members) {
      const text = `format: gapferry.site/1\nname: plant-7\ntrust: t\nkey: k\ntargets:\n  - {name: plant, ${members}}\n`;
      const site = {
        config: parseSiteConfig(text, 'site.yaml'),
        file: 'site.yaml',
        stateDirectory: home.join('state'),
        pathOf: (path: string) => home.join(path),
      } as unknown as Site;
      const { targets, close } = await openTargets(site, { PLANT: 'user:secret' }, RELEASE, quietRun());
      opened.push(close);
      const target = targets.get('plant');
      if (target === undefined) throw new Error('no target');
      return target;
    },
    async close() {
      for (const close of opened) await close();
      await home.remove();
    },
  };
}

/** Asks as the importer does before it loads anything. */
export async function surveyPlant(target: Target, loads: readonly Load[]): Promise<void> {
  if (hasPreflight(target)) await target.preflight(loads, quietRun());
  for (const load of loads) await target.inspect(load, quietRun());
}

export async function errorOf(act: () => Promise<unknown>): Promise<GapferryError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof GapferryError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
