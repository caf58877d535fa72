import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@gapferry/testkit';
import { gapferryJson, type Machine } from '../support/command-line.ts';
import { bundleOfEverything, startUpstream, type Upstream } from '../support/upstream.ts';

/** Both sides of an air gap, and what is between them. */
export interface Zone {
  readonly upstream: Upstream;
  readonly outside: Machine;
  readonly inside: Machine;
  /** The medium, in reach of both. */
  readonly stick: string;
  /** Absolute path on the inside. */
  embedded(...parts: readonly string[]): string;
  collect(...flags: readonly string[]): Promise<Record<string, unknown>>;
  export(): Promise<Record<string, unknown>>;
  import(...flags: readonly string[]): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Sets up two machines with keys, a site and a pinned policy, as an operator would. */
export async function makeZone(): Promise<Zone> {
  const home = await temporaryDirectory();
  const [outsideHome, insideHome, stick] = [home.join('outside'), home.join('inside'), home.join('stick')];
  for (const directory of [outsideHome, insideHome, stick]) await mkdir(directory);
  const upstream = await startUpstream(home.join('upstream'));
  const outside: Machine = { directory: outsideHome, environment: upstream.environment };
  // Whatever the inside tried to reach by name would be refused at once.
  const inside: Machine = {
    directory: insideHome,
    environment: { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' },
  };
  await gapferryJson(outside, ['init', '.', '--bundle', 'line-a', '--site', 'plant-7']);
  await writeFile(join(outsideHome, 'bundles/line-a/bundle.yaml'), bundleOfEverything());
  await moveSiteInside(home.path);
  const { fingerprint } = (await gapferryJson(inside, ['trust', 'show', '--trust', 'site/trust.yaml'])) as {
    fingerprint: { words: string };
  };
  await gapferryJson(inside, [
    'trust',
    'pin',
    '--site',
    'site/site.yaml',
    '--fingerprint',
    fingerprint.words,
  ]);
  return {
    upstream,
    outside,
    inside,
    stick,
    embedded: (...parts) => join(insideHome, 'site/embedded', ...parts),
    collect: (...flags) => gapferryJson(outside, ['collect', 'bundles/line-a', ...flags]),
    export: () => gapferryJson(outside, ['export', 'depot', '--to', stick]),
    import: (...flags) =>
      gapferryJson(inside, ['import', stick, '--site', 'site/site.yaml', '--yes', ...flags]),
    close: async () => {
      await upstream.close();
      await home.remove();
    },
  };
}

async function moveSiteInside(home: string): Promise<void> {
  await rename(join(home, 'outside/site'), join(home, 'inside/site'));
}
