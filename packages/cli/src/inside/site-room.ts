import { stat, statfs } from 'node:fs/promises';
import type { SurveyedLoads, TargetConfig } from '@gapferry/bundle';
import { type GitContent, type TargetRoom, totalSize } from '@gapferry/core';
import type { Site } from './open-site.ts';

/** Repositories of an embedded depot that are unpacked at a time. */
const AT_ONCE = 2;

/** What loading takes below the site's state directory, where packs are unpacked before anybody sees them: for Git hosts all that are new there, which stay until they are pushed, and for an embedded
 *  depot on another disk the largest. Of a repository that changes at a host, the survey itself has unpacked them. Nothing where no repository is sent. Throws what the file system says. */
export async function siteRoom(site: Site, loads: readonly SurveyedLoads[]): Promise<readonly TargetRoom[]> {
  const needs = await Promise.all(
    site.config.targets.map(async (target) => ({
      name: target.name,
      needed: await neededFor(target, loads, site),
    })),
  );
  const some = needs.filter(({ needed }) => needed > 0);
  if (some.length === 0) return [];
  const disk = await statfs(site.stateDirectory);
  return [
    {
      target: some.map(({ name }) => name).join(', '),
      on: site.stateDirectory,
      needed: some.reduce((sum, { needed }) => sum + needed, 0),
      free: disk.bavail * disk.bsize,
    },
  ];
}

async function neededFor(target: TargetConfig, loads: readonly SurveyedLoads[], site: Site): Promise<number> {
  const sent = loads.filter(
    (load): load is SurveyedLoads & { readonly content: GitContent } =>
      load.target === target.name && load.content?.kind === 'git' && load.contentPresence?.state !== 'same',
  );
  if (sent.length === 0) return 0;
  if (target.kind !== 'depot') {
    const isNew = sent.filter(({ namePresence }) => namePresence.state === 'absent');
    return isNew.reduce((sum, { content }) => sum + totalSize(content.packs), 0);
  }
  // Objects are moved from there: on one disk that takes no room of its own.
  if (await isOneDisk(site.stateDirectory, site.pathOf(target.path))) return 0;
  const sizes = sent.map(({ content }) => totalSize(content.packs)).sort((a, b) => b - a);
  return sizes.slice(0, AT_ONCE).reduce((sum, size) => sum + size, 0);
}

async function isOneDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.dev === second.dev;
}
