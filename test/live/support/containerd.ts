import { mkdir, writeFile } from 'node:fs/promises';
import { mustRun, temporaryDirectory } from '@gapferry/testkit';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** A real containerd of its own: root, state and socket in a temporary directory, without CRI. Only root can run one. */
export interface Containerd extends AsyncDisposable {
  /** Runs `ctr` on it and returns what it printed. */
  ctr(...args: readonly string[]): Promise<string>;
  /** `ctr images pull` by the `hosts.toml` files below `hosts`, with the snapshotter that works everywhere; unpacks the layers. */
  pull(reference: string, hosts: string, ...flags: readonly string[]): Promise<string>;
}

export async function startContainerd(): Promise<Containerd> {
  const home = await temporaryDirectory();
  try {
    for (const name of ['root', 'state']) await mkdir(home.join(name));
    await writeFile(home.join('config.toml'), configuration(home.path));
    const env = { PATH: process.env['PATH'], HOME: home.path };
    const program = await startProgram(tool('containerd'), ['-c', home.join('config.toml')], {
      ready: /containerd successfully booted/,
      env,
    });
    const ctr: Containerd['ctr'] = (...args) =>
      mustRun(tool('ctr'), ['--address', home.join('c.sock'), ...args], { env });
    return {
      ctr,
      pull: (reference, hosts, ...flags) =>
        ctr('images', 'pull', '--snapshotter', 'native', '--hosts-dir', hosts, ...flags, reference),
      [Symbol.asyncDispose]: async () => {
        await program.stop();
        await home.remove();
      },
    };
  } catch (error) {
    await home.remove();
    throw error;
  }
}

function configuration(directory: string): string {
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.overlayfs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "${directory}/c.sock"
[ttrpc]
  address = "${directory}/t.sock"
`;
}
