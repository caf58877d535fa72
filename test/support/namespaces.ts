import { spawnSync } from 'node:child_process';

/** Prefix for a machine that has no network at all: `unshare` with a network namespace of its own. */
export const WITHOUT_NETWORK: readonly string[] = ['unshare', '--map-root-user', '--net'];

/** Prefix for a machine that sees `directory` read-only. */
export function readOnlyAt(directory: string): readonly string[] {
  return inMountNamespace('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"', directory);
}

/** For `it.skipIf`: true, and the reason is printed, when this machine does not allow it. */
export function cannotUnshare(...flags: readonly string[]): boolean {
  const { status, stderr, error } = spawnSync('unshare', ['--map-root-user', ...flags, 'true'], {
    encoding: 'utf8',
  });
  if (status === 0) return false;
  process.stderr.write(`skipped: unshare ${flags.join(' ')}: ${error?.message ?? stderr}\n`);
  return true;
}

function inMountNamespace(setUp: string, directory: string): readonly string[] {
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', `${setUp} && exec "$@"`, directory];
}
