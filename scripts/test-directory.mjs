import { rmSync } from 'node:fs';
import { access, constants, mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** The tests hold 30 MB at a time; the rest is for the machine. */
const NEEDED_BYTES = 2 ** 30;
const HOUR_MS = 3_600_000;

/** Vitest's global set-up: one directory for all temporary files of the run, in memory where the machine has it, because git and the depots sync each file they write.
 *  It is removed with everything in it at the end, whatever the end is. */
export async function setup() {
  const reason = await whyNotInMemory();
  const parent = reason === undefined ? MEMORY : tmpdir();
  await removeAbandoned(parent);
  const directory = await mkdtemp(join(parent, `gapferry-run-${process.pid}-`));
  process.stdout.write(`temporary files: ${directory}${reason === undefined ? '' : ` (${reason})`}\n`);
  process.env['TMPDIR'] = directory;
  // Also after Ctrl-C, where nobody calls the tear-down.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return () => rm(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Undefined where `MEMORY` is a file system in memory from which programs can be run, with enough room. */
async function whyNotInMemory() {
  if (process.platform !== 'linux') return 'not in memory: this is not Linux';
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const [, , type, options = ''] =
    mounts
      .split('\n')
      .map(fields)
      .findLast(([, at]) => at === MEMORY) ?? [];
  if (type !== 'tmpfs') return `not in memory: ${MEMORY} is no tmpfs`;
  const hindrance = options.split(',').find((option) => option === 'ro' || option === 'noexec');
  if (hindrance !== undefined) return `not in memory: ${MEMORY} is mounted ${hindrance}`;
  const isWritable = await access(MEMORY, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) return `not in memory: ${MEMORY} is not writable`;
  const { bavail, bsize } = await statfs(MEMORY);
  if (Math.min(bavail * bsize, freemem()) < NEEDED_BYTES)
    return `not in memory: ${MEMORY} has less than 1 GiB`;
  return undefined;
}

function fields(line) {
  return line.split(' ');
}

/** What runs that were killed left behind. An hour untouched, because its process may be in another container that shares the directory. */
async function removeAbandoned(parent) {
  for (const name of await readdir(parent)) {
    const [, pid] = /^gapferry-run-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const { mtimeMs } = await stat(join(parent, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > HOUR_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}
