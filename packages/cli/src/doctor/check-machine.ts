import { access, constants, statfs } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { type Clock, formatTime, isGapferryError, quietRun } from '@gapferry/core';
import { formatBytes } from '@gapferry/report';
import { childEnvironment, type Environment } from '../environment.ts';

/** One thing that was looked at. `advice`: works, but not everything will. */
export interface Finding {
  readonly what: string;
  readonly state: 'good' | 'advice' | 'bad';
  readonly detail: string;
  readonly remedy?: string;
}

/** Looks at what gapferry needs on this machine; opens no connection and writes nothing. */
export async function checkMachine(environment: Environment, clock: Clock): Promise<Finding[]> {
  return Promise.all([
    node(),
    git(),
    database(),
    space(process.cwd()),
    certificates(environment),
    dockerConfig(environment),
    time(clock),
  ]);
}

async function node(): Promise<Finding> {
  const detail = `${process.version} on ${platform()} ${arch()}`;
  const major = Number(process.versions.node.split('.')[0]);
  return major >= 24
    ? { what: 'Node.js', state: 'good', detail }
    : {
        what: 'Node.js',
        state: 'bad',
        detail,
        remedy: 'gapferry needs Node.js 24 or later; from a checkout, `npm run -s gapferry` brings its own',
      };
}

async function git(): Promise<Finding> {
  const { createGit } = await import('@gapferry/git');
  try {
    return {
      what: 'git',
      state: 'good',
      detail: await (
        await createGit({ environment: childEnvironment() }).run(
          { doing: 'ask git for its version', args: ['--version'] },
          quietRun(),
        )
      ).text.trim(),
    };
  } catch (error) {
    return {
      what: 'git',
      state: 'advice',
      detail: messageOf(error),
      remedy: 'install git 2.39 or later; without it bundles cannot have Git repositories',
    };
  }
}

async function database(): Promise<Finding> {
  try {
    const { openSqlite } = await import('@gapferry/ledger');
    (await openSqlite(':memory:', {})).close();
    return { what: 'SQLite (ledger)', state: 'good', detail: 'loads' };
  } catch (error) {
    return {
      what: 'SQLite (ledger)',
      state: 'bad',
      detail: messageOf(error),
      remedy: 'the ledger needs glibc 2.34 or later and Node.js 24',
    };
  }
}

async function space(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const detail = `${formatBytes(free)} free in ${directory}`;
  return free > 5e9
    ? { what: 'disk', state: 'good', detail }
    : {
        what: 'disk',
        state: 'advice',
        detail,
        remedy: 'a depot needs room for every blob once; point --depot or GAPFERRY_DEPOT at a larger disk',
      };
}

async function certificates({ caFile }: Environment): Promise<Finding> {
  if (caFile === undefined)
    return {
      what: 'certificates',
      state: 'good',
      detail: "Node's own; set GAPFERRY_CA to a PEM file for a private authority",
    };
  return (await readable(caFile))
    ? { what: 'certificates', state: 'good', detail: `${caFile} is trusted too` }
    : {
        what: 'certificates',
        state: 'bad',
        detail: `GAPFERRY_CA names ${caFile}, which cannot be read`,
        remedy: 'correct the path or the permissions',
      };
}

async function dockerConfig({ dockerConfig, credentialFiles }: Environment): Promise<Finding> {
  const there = await Promise.all(credentialFiles.map(readable));
  const files = credentialFiles.filter((_, at) => there[at]);
  return files.length > 0
    ? { what: 'credentials', state: 'good', detail: `from ${files.join(', ')}` }
    : {
        what: 'credentials',
        state: 'good',
        detail: `none (no ${dockerConfig}); public sources need none, for others use "docker login", "skopeo login --authfile" or write that file`,
      };
}

/** Release dates and key expiry are judged by this clock. */
async function time(clock: Clock): Promise<Finding> {
  const now = clock.now();
  const detail = formatTime(now);
  return now.getUTCFullYear() >= 2026
    ? { what: 'clock', state: 'good', detail }
    : {
        what: 'clock',
        state: 'bad',
        detail,
        remedy: 'set the clock: releases and keys would be judged by a wrong date',
      };
}

function readable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

function messageOf(error: unknown): string {
  return isGapferryError(error) || error instanceof Error ? error.message : String(error);
}
