import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@gapferry/testkit';
import { gapferryJson, type Machine, type Reported } from './command-line.ts';
import { pinPolicy } from './pin-policy.ts';

const NO_NETWORK: string = new URL('no-network.mjs', import.meta.url).href;

/** Both sides of an air gap, and what is carried between them. */
export interface TwoMachines {
  readonly outside: Machine;
  readonly inside: Machine;
  /** The medium, in reach of both. */
  readonly stick: string;
  /** Absolute path beside both machines. */
  path(...parts: readonly string[]): string;
  /** What the inside tried to reach; empty, ever. */
  reached(): Promise<string>;
  /** Absolute path in the embedded depot inside. */
  embedded(...parts: readonly string[]): string;
  collect(...flags: readonly string[]): Promise<Reported>;
  export(): Promise<Reported>;
  verify(): Promise<Reported>;
  import(...flags: readonly string[]): Promise<Reported>;
  close(): Promise<void>;
}

export interface TwoMachinesInput {
  /** Text of `bundles/line-a/bundle.yaml`. */
  readonly bundle: string;
  /** What reaches the upstream from outside. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Sets up two machines with keys, a site and a pinned policy, as an operator would. */
export async function makeTwoMachines({ bundle, environment }: TwoMachinesInput): Promise<TwoMachines> {
  const home = await temporaryDirectory();
  const [outsideHome, insideHome, stick] = [home.join('outside'), home.join('inside'), home.join('stick')];
  for (const directory of [outsideHome, insideHome, stick]) await mkdir(directory);
  const outside: Machine = { directory: outsideHome, environment };
  // Whatever the inside tried to reach would be refused at once, and written down.
  const inside: Machine = {
    directory: insideHome,
    environment: {
      HTTP_PROXY: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      NODE_OPTIONS: `--import=${NO_NETWORK}`,
      NETWORK_LOG: home.join('network.log'),
    },
  };
  await gapferryJson(outside, ['init', '.', '--bundle', 'line-a', '--site', 'plant-7']);
  await writeFile(join(outsideHome, 'bundles/line-a/bundle.yaml'), bundle);
  await rename(join(outsideHome, 'site'), join(insideHome, 'site'));
  await pinPolicy(inside);
  const site = ['--site', 'site/site.yaml'];
  return {
    outside,
    inside,
    stick,
    path: (...parts) => home.join(...parts),
    reached: () => readFile(home.join('network.log'), 'utf8').catch(() => ''),
    embedded: (...parts) => join(insideHome, 'site/embedded', ...parts),
    collect: (...flags) => gapferryJson(outside, ['collect', 'bundles/line-a', ...flags]),
    export: () => gapferryJson(outside, ['export', 'depot', '--to', stick]),
    verify: () => gapferryJson(inside, ['verify', stick, ...site]),
    import: (...flags) => gapferryJson(inside, ['import', stick, ...site, '--yes', ...flags]),
    close: () => home.remove(),
  };
}
