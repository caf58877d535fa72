import { spawnSync } from 'node:child_process';

/** Prefix for a machine that has no network at all: `unshare` with a network namespace of its own. */
export const WITHOUT_NETWORK: readonly string[] = ['unshare', '--map-root-user', '--net'];

/** Prefix for a machine that sees `directory` read-only. */
export function readOnlyAt(directory: string): readonly string[] {
  return inMountNamespace('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"', directory);
}

/** Prefix that runs the command with a disk of its own at `directory`. */
export function smallDisk(directory: string, megabytes: number): readonly string[] {
  return inMountNamespace(`mount -t tmpfs -o size=${megabytes}m tmpfs "$0"`, directory);
}

/** Prefix that runs the command twice on a disk at `directory`: first on one of 0.6 MB, then, after it has grown, again. On stderr between the two: `first: <exit code>`,
 *  how many blobs, releases and names (of `index.json`) the disk holds, and `the disk grows`. */
export function growingDisk(directory: string): readonly string[] {
  return [
    'unshare',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs -o size=600k tmpfs "$0" || exit 99
     "$@"; echo "first: $?" >&2
     count() { find "$0/$1" -type f 2>/dev/null | wc -l; }
     echo "blobs: $(count blobs)" >&2
     echo "releases: $(count releases)" >&2
     echo "names: $(grep -o org.opencontainers.image.ref.name "$0/index.json" 2>/dev/null | wc -l)" >&2
     echo 'the disk grows' >&2
     mount -o remount,size=30m "$0" && exec "$@"`,
    directory,
  ];
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
