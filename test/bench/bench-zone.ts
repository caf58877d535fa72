import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '@gapferry/testkit';
import type { Command } from './measure.ts';
import { cacheDirectory, TAG, type Workload } from './workload.ts';

/** A directory with a bundle of the workload's images, keys, and a site that trusts them. On the disk of the workload, not in memory. */
export interface BenchZone extends AsyncDisposable {
  path(...parts: readonly string[]): string;
  /** Of every program that is measured: a home of its own. */
  readonly env: NonNullable<Command['env']>;
  /** The built command line, as a process. */
  gapferry(...args: readonly string[]): Command;
  collect(): Command;
  /** When there is a release already. */
  collectAgain(): Command;
  /** Removes what earlier runs left below the directory. */
  empty(...names: readonly string[]): Promise<void>;
  /** A site that has accepted nothing yet; its only target is this line of site.yaml, if any, else an embedded depot. */
  newSite(target?: string): Promise<void>;
}

export const CLI: string = join(import.meta.dirname, '../../packages/cli/bin/run.js');

export async function makeBenchZone(workload: Workload, host: string): Promise<BenchZone> {
  await mkdir(cacheDirectory(), { recursive: true });
  const directory = await mkdtemp(join(cacheDirectory(), 'run-'));
  const path = (...parts: readonly string[]): string => join(directory, ...parts);
  const env = { PATH: process.env['PATH'], HOME: directory, NO_COLOR: '1' };
  const gapferry = (...args: readonly string[]): Command => ({
    argv: [process.execPath, CLI, ...args],
    cwd: directory,
    env,
  });
  const run = ({ argv: [program, ...args] }: Command): Promise<string> =>
    mustRun(program, args, { cwd: directory, env });
  const names = ['--bundle', 'bench', '--site', 'here', '--owner', 'bench', '--image', 'example.org/a:1'];
  await run(gapferry('init', '.', ...names));
  await writeFile(path('bundles/bench/bundle.yaml'), bundleOf(workload, host));
  const shown = JSON.parse(await run(gapferry('trust', 'show', '--trust', 'site/trust.yaml', '--json')));
  const fingerprint = (shown as { fingerprint: { digits: string } }).fingerprint.digits;
  await run(gapferry('trust', 'pin', '--site', 'site/site.yaml', '--fingerprint', fingerprint));
  await cp(path('site'), path('pinned-site'), { recursive: true });
  const empty: BenchZone['empty'] = async (...names) => {
    for (const name of names) await rm(path(name), { recursive: true, force: true });
    // What earlier runs left to be written must not be written during the next one.
    await mustRun('sync');
  };
  return {
    path,
    env,
    gapferry,
    collect: () =>
      gapferry(
        'collect',
        'bundles/bench',
        '--first',
        '--version',
        '1.0.0',
        '--depot',
        'depot',
        '--no-progress',
      ),
    collectAgain: () => gapferry('collect', 'bundles/bench', '--depot', 'depot', '--no-progress'),
    empty,
    async newSite(target) {
      await empty('site');
      await cp(path('pinned-site'), path('site'), { recursive: true });
      if (target !== undefined) await aimAt(target, path('site/site.yaml'));
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function aimAt(target: string, file: string): Promise<void> {
  const [before = ''] = (await readFile(file, 'utf8')).split(/^targets:$/m);
  await writeFile(file, `${before}targets:\n  - ${target}\n`);
}

function bundleOf({ images }: Workload, host: string): string {
  const wishes = images.map(({ repository }) => `  - ${host}/${repository}:${TAG}\n`).join('');
  return `format: gapferry.bundle/1\nname: bench\ninsecure: ["${host}"]\nimages:\n${wishes}`;
}
