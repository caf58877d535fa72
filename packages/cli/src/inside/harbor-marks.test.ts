import { quietRun, type ScanSummary } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import type { HarborTargetOptions } from '@gapferry/targets';
import type { HarborOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type HarborFixture, startHarborFixture } from '../testing/harbor-fixture.ts';
import { imageOf, loadInto, surveyHost, type UpstreamImage } from '../testing/host-survey.ts';

const nginx = imageOf('docker.io/library/nginx');
const redis = imageOf('docker.io/library/redis');
const RUNNING = { scan_status: 'Running' } as const;
const DONE = {
  scan_status: 'Success',
  severity: 'High',
  summary: { total: 3, fixable: 1, summary: { High: 1, Low: 2 } },
} as const;

let fixture: HarborFixture;
afterEach(() => fixture.close());

/** Loads the image, and gives what setting its name told. */
async function load(
  image: UpstreamImage,
  wants: Partial<HarborTargetOptions>,
  options: HarborOptions = {},
): Promise<{ readonly scan: ScanSummary | undefined; readonly warnings: string[] }> {
  fixture = await startHarborFixture(options);
  const target = fixture.open(wants);
  const warnings: string[] = [];
  const run = {
    ...quietRun(),
    emit: (event: { kind: string; message?: string }) =>
      void (event.kind === 'warning' && warnings.push(event.message ?? '')),
  };
  await surveyHost(target, [image]);
  const medium = memoryMedium(image.parts);
  await target.load(image.content, medium, run);
  const { scan } = await target.load(image.tag, medium, run);
  return { scan, warnings };
}

describe('labels at Harbor', () => {
  it('say which release loaded an artifact: one for each project, made once', async () => {
    fixture = await startHarborFixture();
    const { harbor, open } = fixture;
    await loadInto(open({ labels: true }), [nginx, redis]);
    const label = 'line-a 1.4.0 (17)';
    expect(harbor.labelsOf('docker.io/library/nginx', nginx.tag.root.digest)).toEqual([label]);
    expect(harbor.labelsOf('docker.io/library/redis', redis.tag.root.digest)).toEqual([label]);
    const made = harbor.requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/labels'));
    expect(made.map(({ status }) => status)).toEqual([201, 200, 200]);
    const newer = imageOf('docker.io/library/nginx', 'newer', '1.1');
    const release = {
      channel: 'line-a',
      version: '1.5.0',
      sequence: 18,
      statement: `sha256:${'2'.repeat(64)}`,
    };
    await loadInto(open({ labels: true, release }), [nginx, newer]);
    expect(harbor.labelsOf('docker.io/library/nginx', newer.tag.root.digest)).toEqual(['line-a 1.5.0 (18)']);
    expect(harbor.labelsOf('docker.io/library/nginx', nginx.tag.root.digest)).toEqual([label]);
  });

  it('that fail are warned of: the name stands', async () => {
    const fault = {
      match: ({ path }: { path: string }) => path.endsWith('/labels'),
      do: { kind: 'status', status: 403 },
    } as const;
    const { warnings } = await load(nginx, { labels: true }, { faults: [fault] });
    expect(warnings).toEqual([
      expect.stringContaining('docker.io/library/nginx:1.0 is loaded into harbor, but:'),
    ]);
    expect(fixture.harbor.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });
});

describe('scans at Harbor', () => {
  it('are begun, and nobody waits', async () => {
    const { scan } = await load(nginx, { scan: { mode: 'trigger' } }, { scanner: [RUNNING, DONE] });
    expect(scan).toBeUndefined();
    expect(fixture.harbor.isScanned('docker.io/library/nginx', nginx.tag.root.digest)).toBe(true);
  });

  it('are waited for, and what they found is told', async () => {
    const wants = { scan: { mode: 'await', within: 60 } } as const;
    const { scan, warnings } = await load(nginx, wants, { scanner: [RUNNING, RUNNING, DONE] });
    const bySeverity = { High: 1, Low: 2 };
    expect(scan).toEqual({ status: 'done', severity: 'High', total: 3, fixable: 1, bySeverity });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['that never end are left after the time given', [RUNNING], 'unfinished', 'has not ended'],
    ['that fail are told', [{ scan_status: 'Error' }], 'failed', 'failed'],
  ] as const)('%s', async (_, scanner, status, words) => {
    const { scan, warnings } = await load(nginx, { scan: { mode: 'await', within: 60 } }, { scanner });
    expect(scan).toEqual({ status });
    expect(warnings).toEqual([expect.stringContaining(words)]);
  });

  it('that nobody can make are warned of, and charts are not scanned', async () => {
    const { warnings } = await load(nginx, { scan: { mode: 'trigger' } });
    expect(warnings).toEqual([expect.stringMatching(/has no scanner .*\(no available scanner\)/)]);
    await fixture.close();
    const chart = { ...redis, tag: { ...redis.tag, of: 'chart' } } as const;
    expect(await load(chart, { scan: { mode: 'trigger' } })).toEqual({ scan: undefined, warnings: [] });
  });
});
