import { readdir } from 'node:fs/promises';
import { makeImage, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeStagingHost } from '../support/staging-host.ts';
import { type Gateway, startGateway } from './support/gateway.ts';
import { LIVE_REGISTRIES, type LiveRegistry } from './support/live-registry.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { createSkopeo } from './support/skopeo.ts';
import { lacks } from './support/tools.ts';

/** How gateways and old registries answer a request that they do not let through. */
const REFUSALS = [401, 403, 500, 503] as const;

for (const kind of LIVE_REGISTRIES.filter(({ name }) => name.startsWith('distribution')))
  describe.skipIf(lacks(kind.needs, 'skopeo'))(`${kind.name} behind a gateway`, () => {
    const cleanup = new AsyncDisposableStack();
    let home: TemporaryDirectory;
    let registry: LiveRegistry;
    beforeAll(async () => {
      home = cleanup.use(await temporaryDirectory());
      registry = cleanup.use(await kind.start());
      await writeOciLayout(home.join('made'), { app: await makeImage() });
      await createSkopeo(home).push(`${home.join('made')}:app`, 'team/app:1.0', registry);
    });
    afterAll(() => cleanup.disposeAsync());

    const refusing = (part: string, status: number): Promise<Gateway> =>
      startGateway(registry.port, ({ path }) => (path.includes(part) ? status : 'pass'));

    // Together: most of the time is waited before another try.
    it.concurrent.for(REFUSALS)(
      'that answers %i where referrers are asked for: cannot be asked (6), and the image is named',
      async (status) => {
        await using gateway = await refusing('/referrers/', status);
        const host = await makeStagingHost();
        cleanup.defer(() => host.close());
        await host.want(`images:\n  - ${gateway.host}/team/app:1.0\n`);
        const { error } = await host.collect(6);
        expect(error?.message).toContain(`${gateway.host}/team/app:1.0`);
        expect(error).toMatchObject({ origin: 'source' });
        expect(gateway.answered).toBeGreaterThan(0);
        expect(await readdir(host.path('depot/releases')).catch(() => [])).toEqual([]);
      },
    );

    it.concurrent('that answers 404 there: there is no such endpoint, and nothing is missing', async () => {
      await using gateway = await refusing('/referrers/', 404);
      const host = await makeStagingHost();
      cleanup.defer(() => host.close());
      await host.want(`images:\n  - ${gateway.host}/team/app:1.0\n`);
      await host.collect(0);
      expect(gateway.answered).toBeGreaterThan(0);
    });

    it.concurrent.for([401, 503] as const)(
      'that answers %i for the fallback tag: cannot be asked (6)',
      async (status) => {
        await using gateway = await refusing('/manifests/sha256-', status);
        const host = await makeStagingHost();
        cleanup.defer(() => host.close());
        await host.want(`images:\n  - ${gateway.host}/team/app:1.0\n`);
        const { error } = await host.collect(6);
        expect(error?.message).toContain(`${gateway.host}/team/app:1.0`);
        expect(gateway.answered).toBeGreaterThan(0);
      },
    );
  });
