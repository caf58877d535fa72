import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { mustRun } from '../process/run-process.ts';
import { isMissing } from '../process/which.ts';
import { startRegistry } from '../registry/registry.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { chartArtifact, makeChart } from './chart.ts';
import { startChartRepository } from './chart-repository.ts';

interface IndexYaml {
  readonly entries: Record<string, Array<{ version: string; urls: string[]; digest?: string }>>;
}

describe('charts', () => {
  it('are the same bytes for the same input', async () => {
    const make = (): ReturnType<typeof makeChart> =>
      makeChart({ name: 'app', version: '1.0.0', templates: { 'a.yaml': 'kind: A\n' } });
    expect((await make()).digest).toBe((await make()).digest);
  });

  it.skipIf(isMissing('tar'))('are laid out as helm package does it', async () => {
    await using home = await temporaryDirectory();
    const sub = await makeChart({ name: 'sub', version: '0.1.0' });
    const chart = await makeChart({
      name: 'app',
      version: '1.0.0',
      appVersion: '7',
      values: 'replicas: 1\n',
      dependencies: [{ name: 'sub', version: '0.1.0', repository: 'https://charts.example' }],
      subcharts: [sub],
    });
    await writeFile(home.join(chart.fileName), chart.archive);
    const listed = await mustRun('tar', ['-tzf', home.join(chart.fileName)]);
    expect(listed.trim().split('\n')).toEqual([
      'app/Chart.yaml',
      'app/charts/sub-0.1.0.tgz',
      'app/templates/config-map.yaml',
      'app/values.yaml',
    ]);
    const yaml = await mustRun('tar', ['-xzOf', home.join(chart.fileName), 'app/Chart.yaml']);
    expect(JSON.parse(yaml)).toMatchObject({ apiVersion: 'v2', name: 'app', appVersion: '7' });
  });

  it('become the OCI artifact that helm push makes', async () => {
    await using registry = await startRegistry();
    const chart = await makeChart({ name: 'app', version: '1.0.0' });
    const artifact = chartArtifact(chart);
    registry.seedImage('charts/app', '1.0.0', artifact);
    expect(artifact.blobs.map(({ mediaType, digest }) => [mediaType, digest]).at(1)).toEqual([
      'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      chart.digest,
    ]);
    const served = await fetch(`${registry.url}/v2/charts/app/blobs/${chart.digest}`);
    expect(Buffer.from(await served.arrayBuffer()).equals(Buffer.from(chart.archive))).toBe(true);
  });
});

describe('the chart repository', () => {
  it.each(['relative', 'absolute'] as const)(
    'lists versions with %s URLs that lead to the archive',
    async (urls) => {
      const charts = [
        await makeChart({ name: 'app', version: '1.0.0' }),
        await makeChart({ name: 'app', version: '1.1.0' }),
      ];
      await using repository = await startChartRepository(charts, { urls, path: '/stable' });
      const index = (await (await fetch(`${repository.url}/index.yaml`)).json()) as IndexYaml;
      const entries = index.entries['app'] ?? [];
      expect(entries.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
      for (const { urls: places, digest } of entries) {
        expect(places[0]?.startsWith('http')).toBe(urls === 'absolute');
        const archive = await fetch(new URL(places[0] ?? '', `${repository.url}/`));
        const bytes = await archive.bytes();
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest);
      }
    },
  );

  it('follows what is added, and can leave digests out', async () => {
    await using repository = await startChartRepository([], { digests: false });
    repository.add(await makeChart({ name: 'late', version: '2.0.0' }));
    const index = (await (await fetch(`${repository.url}/index.yaml`)).json()) as IndexYaml;
    expect(index.entries['late']?.[0]).toMatchObject({ version: '2.0.0', urls: ['late-2.0.0.tgz'] });
    expect(index.entries['late']?.[0]).not.toHaveProperty('digest');
  });
});
