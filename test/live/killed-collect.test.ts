import { stat } from 'node:fs/promises';
import { hexOf } from '@gapferry/core';
import { makeImage, mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gapferryCommand } from '../support/command-line.ts';
import { makeStagingHost } from '../support/staging-host.ts';
import {
  DISTRIBUTIONS,
  type Distribution,
  type DistributionVersion,
  startDistribution,
} from './support/distribution.ts';
import { killWhen } from './support/kill-when.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { createSkopeo } from './support/skopeo.ts';
import { lacks } from './support/tools.ts';

const NAME = 'registry.plant.example';
/** Bytes of the layer, about. */
const SIZE = 1_000_000_000;
/** Bytes that are on the disk before the process is killed, at least. */
const MARK = 300_000_000;
const CHUNK = 8 << 20;
/** Gigabytes that are written and read back take long on a slow disk. */
const MINUTES = 300_000;

let home: TemporaryDirectory;
let layer: { readonly hex: string; readonly size: number };

describe.skipIf(lacks('skopeo'))('kill -9 in the middle of a blob of 1 GB', { timeout: MINUTES }, () => {
  beforeAll(async () => {
    home = await temporaryDirectory();
    const image = await makeImage({ layers: [{ size: SIZE, seed: 'killed' }] });
    await writeOciLayout(home.join('made'), { large: image });
    const [{ digest, size } = image.root] = image.blobs.slice(1);
    layer = { hex: hexOf(digest), size };
  }, MINUTES);
  afterAll(() => home.remove());

  const start = (version: DistributionVersion): Promise<Distribution> =>
    startDistribution({ version, storage: home.join(`storage-${version}`) });

  /** Bytes of the layer that the registry sent, by its access log. */
  const sent = (registry: Distribution): number =>
    registry
      .accessLog()
      .filter(({ method, path }) => method === 'GET' && path.includes(`/blobs/sha256:${layer.hex}`))
      .reduce((sum, { bytes }) => sum + bytes, 0);

  for (const version of ['2.8', '3'] as const)
    it.skipIf(lacks(DISTRIBUTIONS[version]))(
      `leaves what came: from distribution ${version} the next collect asks for the rest only`,
      async () => {
        const host = await makeStagingHost();
        await using cleanup = new AsyncDisposableStack();
        cleanup.defer(() => host.close());
        await host.want(`insecure: [${NAME}]\nimages: [{ref: "${NAME}/team/large:1"}]\n`);
        const reaching = ({ host: to }: Distribution): Record<string, string> => ({
          GAPFERRY_CONNECT_TO: `${NAME}:80=${to},${NAME}:443=${to}`,
        });
        const written = (): Promise<number> =>
          stat(host.path(`depot/tmp/${layer.hex}.part`)).then(
            ({ size }) => size,
            () => 0,
          );
        {
          await using first = await start(version);
          await createSkopeo(home).push(`${home.join('made')}:large`, 'team/large:1', first);
          const machine = { ...host.machine, environment: reaching(first) };
          const collect = gapferryCommand(machine, ['collect', 'bundles/line-a', '--first']);
          await killWhen(collect, async () => (await written()) >= MARK);
        }
        const there = await written();
        expect(there).toBeGreaterThanOrEqual(MARK);
        expect(there).toBeLessThan(layer.size);
        const second = cleanup.use(await start(version));
        await host.collect(0, ['--first'], reaching(second));
        await vi.waitFor(() => expect(sent(second)).toBeGreaterThanOrEqual(layer.size - there));
        expect(sent(second)).toBeLessThanOrEqual(layer.size - there + CHUNK);
        const sum = await mustRun('sha256sum', [host.path(`depot/blobs/sha256/${layer.hex}`)]);
        expect(sum.slice(0, 64)).toBe(layer.hex);
      },
    );
});
