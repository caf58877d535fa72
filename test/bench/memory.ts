import { formatTable } from '@gapferry/report';
import type { BenchOptions } from './bench-options.ts';
import { makeBenchZone } from './bench-zone.ts';
import { measure } from './measure.ts';
import { seconds } from './report.ts';
import { startBenchRegistry } from './upstream.ts';
import { openLargeLayer } from './workload.ts';

/** The peak of every stage with one image whose only layer is as large as this. */
export async function benchMemory({ size = 2 ** 31, registry: choice }: BenchOptions): Promise<string> {
  const workload = await openLargeLayer(size);
  await using registry = await startBenchRegistry(workload, { choice });
  await using zone = await makeBenchZone(workload, registry.host);
  const site = ['--site', 'site/site.yaml', '--no-progress'];
  const stages = [
    ['collect', zone.collect()],
    ['export', zone.gapferry('export', 'depot', '--to', 'stick', '--no-progress')],
    ['verify', zone.gapferry('verify', 'stick', ...site)],
    ['import', zone.gapferry('import', 'stick', ...site, '--yes')],
  ] as const;
  const rows: string[][] = [];
  for (const [stage, command] of stages) {
    const measured = await measure(command);
    rows.push([`gapferry ${stage}`, seconds(measured.seconds), measured.peakMiB?.toFixed(0) ?? '–']);
  }
  return `one layer of ${size} bytes; upstream: ${registry.described}\n${formatTable([['', 'seconds', 'peak MiB'], ...rows])}`;
}
