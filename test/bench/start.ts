import type { BenchOptions } from './bench-options.ts';
import { CLI } from './bench-zone.ts';
import { comparisonTable } from './report.ts';
import { sideBySide } from './side-by-side.ts';

/** Starts of the built command line, and of Node with nothing to do. */
export async function benchStart({ runs = 20 }: BenchOptions): Promise<string> {
  const ways = [['--help'], ['--version'], ['collect', '--help'], ['verify', '--help']];
  const ours = ways.map((args) => ({
    name: `gapferry ${args.join(' ')}`,
    command: { argv: [process.execPath, CLI, ...args] as const },
  }));
  const bare = { name: 'node -e 0', command: { argv: [process.execPath, '-e', '0'] as const } };
  return comparisonTable(await sideBySide([...ours, bare], runs));
}
