import type { BenchOptions } from './bench-options.ts';
import { makeBenchZone } from './bench-zone.ts';
import { comparisonTable } from './report.ts';
import { sideBySide } from './side-by-side.ts';
import { startBenchRegistry } from './upstream.ts';
import { runOnce } from './verify.ts';
import { openWorkload } from './workload.ts';

/** `gapferry import` into an embedded depot that is new each time, against copying the same blobs. It hashes every byte four times: before the first write, while reading, while writing, and back from the target. */
export async function benchImport({ runs = 5, size, registry: choice }: BenchOptions): Promise<string> {
  const workload = await openWorkload(size);
  await using registry = await startBenchRegistry(workload, { choice });
  await using zone = await makeBenchZone(workload, registry.host);
  await runOnce(zone.collect());
  const copy = `cp -r ${zone.path('depot/blobs')} ${zone.path('copied')}`;
  const prepare = (): Promise<void> => zone.empty('copied', 'site');
  const compared = await sideBySide(
    [
      {
        name: 'gapferry import',
        command: zone.gapferry('import', 'depot', '--site', 'site/site.yaml', '--yes', '--no-progress'),
        prepare: async () => {
          await zone.empty('copied');
          await zone.newSite();
        },
      },
      { name: 'cp -r', command: { argv: ['sh', '-c', copy] }, prepare },
      {
        name: 'cp -r, then sync',
        command: { argv: ['sh', '-c', `${copy} && sync -f ${zone.path('copied')}`] },
        prepare,
      },
    ],
    runs,
  );
  return comparisonTable(compared);
}
