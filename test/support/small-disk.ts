import { mustRun } from '@gapferry/testkit';
import { startProgram } from '../live/support/start-program.ts';

/** A disk of its own, in a mount namespace that lasts until it is disposed of. Only what is started through it sees it. */
export interface SmallDisk extends AsyncDisposable {
  /** Prefix for a program that shall see it. */
  readonly through: readonly string[];
  /** What a program that sees it prints; throws unless it ends well. */
  run(program: string, args: readonly string[], cwd?: string): Promise<string>;
  /** From now on it has this size. */
  grow(megabytes: number): Promise<void>;
}

/** A tmpfs at `directory`, which must be there. `size`: megabytes, or as mount takes it (`1200k`). `options`: more for mount, such as `nr_inodes=100`. Needs what `cannotUnshare('--mount')` tells. */
export async function smallDiskAt(
  directory: string,
  size: number | string,
  options = 'mode=755',
): Promise<SmallDisk> {
  const script = 'mount -t tmpfs -o "size=$1,$2" tmpfs "$0" && echo mounted && exec sleep infinity';
  const args = ['--map-root-user', '--mount', 'sh', '-c', script, directory, sizeOf(size), options];
  const env = { PATH: process.env['PATH'] };
  const holder = await startProgram('unshare', args, { ready: /mounted/, env });
  const enter = ['--target', String(holder.pid), '--user', '--mount', '--preserve-credentials'];
  const run: SmallDisk['run'] = (program, given, cwd = directory) =>
    mustRun('nsenter', [...enter, `--wdns=${cwd}`, program, ...given]);
  return {
    through: ['nsenter', ...enter, '--wd=.'],
    run,
    grow: async (more) => void (await run('mount', ['-o', `remount,size=${sizeOf(more)}`, directory], '/')),
    [Symbol.asyncDispose]: () => holder.stop(),
  };
}

function sizeOf(size: number | string): string {
  return typeof size === 'number' ? `${size}m` : size;
}
