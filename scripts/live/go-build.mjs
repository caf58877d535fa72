import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { findProgram, isProgram, lastWords } from './find-program.mjs';

/** All builds together may take this long: what is left after that is missing this time, and the tests still run. */
const ALL_BUILDS_MS = 35 * 60_000;
let left = ALL_BUILDS_MS;

/** Where a tool of a version is kept, outside the checkout. */
export function cachedAt(name, version) {
  const caches = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(caches, 'gapferry-live', `${name}-${version}`);
}

/** Builds into a directory beside the final place and renames it, so that a stopped build leaves nothing that looks whole.
 *  `steps` gets the directories `work` and `out` and `go`, which runs Go and returns why it failed; the first reason that it returns is ours.
 *  Returns why it did not work. `limitMinutes` is what a build may take on two slow cores. */
export function buildOnce({ name, version, limitMinutes }, steps) {
  const program = findProgram('go') ?? ['/usr/local/go/bin/go'].find(isProgram);
  if (program === undefined) return 'there is no Go on this machine to build it';
  if (left <= 0) return `the ${ALL_BUILDS_MS / 60_000} min that all builds may take are used up`;
  const limit = Math.min(limitMinutes * 60_000, left);
  console.log(`live tests: building ${name} ${version} (once; at most ${Math.ceil(limit / 60_000)} min) …`);
  const place = cachedAt(name, version);
  mkdirSync(join(place, '..'), { recursive: true });
  const work = mkdtempSync(join(place, '..', `.building-${name}-`));
  const began = performance.now();
  try {
    const out = join(work, 'out');
    const go = (args, more) => runGo(program, args, work, more, limit - (performance.now() - began));
    const reason = steps({ work, out, go });
    if (reason !== undefined) return reason;
    rmSync(place, { recursive: true, force: true });
    renameSync(out, place);
    return undefined;
  } finally {
    left -= performance.now() - began;
    rmSync(work, { recursive: true, force: true });
  }
}

/** Returns what it said, or why it failed. `-modcacherw`: whoever removes the home directory afterwards can. `-trimpath`: the same program wherever it is built. */
function runGo(program, args, cwd, more, leftMs) {
  const flags = `${env.GOFLAGS ?? ''} -modcacherw -trimpath`.trim();
  const timeout = Math.max(1, Math.round(leftMs));
  const result = spawnSync(program, args, {
    cwd,
    env: { ...env, GOFLAGS: flags, GOWORK: 'off', ...more },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  });
  if (result.status === 0) return { said: result.stdout.trim() };
  return { reason: `go ${args[0]} ${args.at(-1)} failed: ${lastWords(result, timeout)}` };
}
