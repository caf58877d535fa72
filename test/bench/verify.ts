import { availableParallelism } from 'node:os';
import { mustRun, which } from '@gapferry/testkit';
import type { BenchOptions } from './bench-options.ts';
import { makeBenchZone } from './bench-zone.ts';
import type { Command } from './measure.ts';
import { comparisonTable } from './report.ts';
import { type Absentee, type Contestant, sideBySide } from './side-by-side.ts';
import { startBenchRegistry } from './upstream.ts';
import { openWorkload } from './workload.ts';

/** `gapferry verify` of a depot (signature, policy, closure, every blob) against programs that only hash the same blobs, one process per file on all cores, largest first. */
export async function benchVerify({ runs = 7, size, registry: choice }: BenchOptions): Promise<string> {
  const workload = await openWorkload(size);
  await using registry = await startBenchRegistry(workload, { choice });
  await using zone = await makeBenchZone(workload, registry.host);
  await runOnce(zone.collect());
  const blobs = zone.path('depot/blobs/sha256');
  const peers = [
    hasher('openssl dgst -sha256', 'openssl', 'openssl dgst -sha256', blobs),
    hasher('sha256sum', 'sha256sum', 'sha256sum', blobs),
  ];
  const ours: Contestant = {
    name: 'gapferry verify',
    command: zone.gapferry('verify', 'depot', '--site', 'site/site.yaml', '--no-progress'),
  };
  const compared = await sideBySide([ours, ...peers.filter((peer) => 'command' in peer)], runs);
  return comparisonTable(
    compared,
    peers.filter((peer) => 'missing' in peer),
  );
}

function hasher(name: string, program: string, words: string, directory: string): Contestant | Absentee {
  if (which(program) === undefined) return { name, missing: `${program} is not on this machine` };
  const cores = availableParallelism();
  const script = `cd ${directory} && ls -S | xargs -n 1 -P ${cores} ${words} >/dev/null`;
  return { name: `${name}, ${cores} processes`, command: { argv: ['sh', '-c', script] } };
}

/** Not measured. */
export async function runOnce({ argv: [program, ...args], cwd, env }: Command): Promise<void> {
  await mustRun(program, args, { ...(cwd !== undefined && { cwd }), ...(env && { env }) });
}
