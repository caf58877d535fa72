import { join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import type { InsideRepository } from '@gapferry/targets';
import { Flags } from '@oclif/core';
import type { Outcome } from '../gapferry-command.ts';
import { writeFileAtomically } from '../write-file.ts';
import { chooseGitPlace, toInside } from './choose-git-place.ts';
import { knownRepositories } from './imported-git.ts';
import { readSite } from './open-site.ts';
import { requireOurs } from './require-ours.ts';
import { siteFlag } from './site-flag.ts';

/** Flags of every command that writes what users of repositories need. */
export const gitConsumerFlags = {
  site: siteFlag(),
  target: Flags.string({
    description: 'the first that takes Git repositories, unless named',
    helpValue: 'NAME',
  }),
  release: Flags.string({
    description: "the repositories of this release instead of what the site's ledger knows",
    helpValue: 'PLACE',
  }),
  url: Flags.string({
    description: 'where others reach the target, if not where the site does; needed for "gapferry serve"',
    helpValue: 'URL',
  }),
  output: Flags.string({ char: 'o', description: 'directory to write to', helpValue: 'DIR' }),
  stdout: Flags.boolean({ description: 'print the file instead', exclusive: ['output'] }),
};

export interface GitConsumer {
  /** Name of the file in the directory. */
  readonly file: string;
  /** What to do with it. */
  readonly next: string;
  readonly format: (repositories: readonly InsideRepository[]) => string;
}

export interface GitConsumerFlags {
  readonly site: string;
  readonly target?: string | undefined;
  readonly release?: string | undefined;
  readonly url?: string | undefined;
  readonly output?: string | undefined;
  readonly stdout?: boolean | undefined;
}

/** Makes one file for those who use the repositories of a target. Sends nothing anywhere. Throws `USAGE`. */
export async function writeForGitConsumer(
  flags: GitConsumerFlags,
  consumer: GitConsumer,
  run: Run,
): Promise<Outcome> {
  const { output, stdout, target, url } = flags;
  if (output === undefined && stdout !== true)
    throw new GapferryError({
      code: 'USAGE',
      message: 'nobody said where to write to',
      hint: 'name a directory with -o, or print with --stdout',
    });
  const site = await readSite(flags.site);
  const place = await chooseGitPlace(site, {
    ...(target !== undefined && { target }),
    ...(url !== undefined && { url }),
  });
  const known = await knownRepositories(flags.site, place.target, flags.release, run);
  const repositories = known.flatMap((one) => toInside(place, one) ?? []);
  if (repositories.length === 0) throw noRepositories(place.target, flags.release);
  const text = consumer.format(repositories);
  const path = output === undefined ? undefined : join(output, consumer.file);
  if (path !== undefined) await write(path, text);
  return {
    json: { target: place.target, repositories, text, written: path === undefined ? [] : [path] },
    text:
      path === undefined
        ? text.trimEnd()
        : `${path}: ${repositories.length} repositor${repositories.length === 1 ? 'y' : 'ies'}; ${consumer.next}`,
  };
}

async function write(path: string, text: string): Promise<void> {
  const { GIT_CONSUMER_MARK } = await import('@gapferry/targets');
  await requireOurs(path, GIT_CONSUMER_MARK);
  await writeFileAtomically(path, text);
}

function noRepositories(target: string, release: string | undefined): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message:
      release === undefined
        ? `the site's ledger knows of no repository in target ${target}`
        : `there is no repository with a branch in ${release}`,
    hint:
      release === undefined
        ? 'import a release first, or name one with --release'
        : 'name a release that has some',
  });
}
