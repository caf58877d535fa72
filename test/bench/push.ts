import { mkdir } from 'node:fs/promises';
import type { BenchOptions } from './bench-options.ts';
import { type BenchZone, makeBenchZone } from './bench-zone.ts';
import type { Command } from './measure.ts';
import { choosePeers, type Peer } from './peers.ts';
import { comparisonTable } from './report.ts';
import { type Absentee, type Contestant, sideBySide } from './side-by-side.ts';
import { unchangedTable } from './unchanged.ts';
import { findDistribution, startBenchRegistry, startDistribution } from './upstream.ts';
import { runOnce } from './verify.ts';
import {
  describeWorkload,
  nameOf,
  openWorkload,
  TAG,
  type Workload,
  warm,
  writeWorkloadLayout,
} from './workload.ts';

/** `gapferry import` into an empty registry, verified first and in one pass, against others that push the same images from an OCI layout; then everybody once more into the registry that has it all, with the requests they make. */
export async function benchPush({ runs = 5, size, peers, registry }: BenchOptions): Promise<string> {
  const found = findDistribution(registry === 'testkit' ? undefined : registry);
  if (found === undefined) return 'push: skipped: there is no distribution on this machine to push to';
  const workload = await openWorkload(size);
  await warm(workload);
  await using upstream = await startBenchRegistry(workload, { choice: registry });
  await using zone = await makeBenchZone(workload, upstream.host);
  await runOnce(zone.collect());
  await writeWorkloadLayout(workload, zone.path('layout'));
  await mkdir(zone.path('storage'));
  const accessLog = zone.path('access.log');
  await using target = await startDistribution(found, {
    storage: zone.path('storage'),
    configFile: zone.path('target.yml'),
    readonly: false,
    accessLog,
  });
  const all = contestants(zone, workload, target.host, peers);
  const able = all.filter((contestant) => 'command' in contestant);
  const absent = all.filter((contestant) => 'missing' in contestant);
  const first = comparisonTable(await sideBySide(able, runs), absent);
  const second = await unchangedTable(able, accessLog);
  return [
    `workload: ${describeWorkload(workload)}`,
    `target: ${target.described}, empty before each run`,
    first,
    second,
  ].join('\n');
}

const IMPORT = [
  'import',
  'depot',
  '--site',
  'site/site.yaml',
  '--yes',
  '--no-progress',
  '--events',
  '-',
] as const;

function contestants(
  zone: BenchZone,
  workload: Workload,
  host: string,
  chosen: readonly string[] | undefined,
): Array<Contestant | Absentee> {
  const ours = (name: string, ...flags: readonly string[]): Contestant => ({
    name,
    command: {
      ...zone.gapferry(...IMPORT, ...flags),
      phaseBegins: /"stage":"apply"/,
    } satisfies Command,
    async prepare() {
      await zone.empty('storage/docker');
      await zone.newSite(`{name: registry, kind: registry, url: "http://${host}", path: "{path}"}`);
    },
  });
  return [
    ours('gapferry import'),
    ours('gapferry import --one-pass', '--one-pass'),
    ...choosePeers(pushPeers(zone, workload, host), chosen, zone.env),
  ];
}

function pushPeers(zone: BenchZone, { images }: Workload, host: string): Peer[] {
  const each = (command: (name: string, to: string) => string): string =>
    images.map(({ repository }) => command(nameOf(repository), `${host}/${repository}:${TAG}`)).join(' && ');
  const prepare = (): Promise<void> => zone.empty('storage/docker');
  const layout = zone.path('layout');
  return [
    {
      key: 'skopeo',
      name: 'skopeo copy --all, one after the other',
      needs: 'skopeo',
      script: (skopeo) =>
        each(
          (name, to) =>
            `${skopeo} --insecure-policy copy -q --all --dest-tls-verify=false oci:${layout}:${name} docker://${to}`,
        ),
      prepare,
    },
    {
      key: 'regctl',
      name: 'regctl image copy, one after the other',
      needs: 'regctl',
      script: (regctl) =>
        each(
          (name, to) =>
            `${regctl} --host reg=${host},tls=disabled image copy ocidir://${layout}:${name} ${to}`,
        ),
      prepare,
    },
    {
      key: 'regctl-parallel',
      name: 'regctl image copy, 4 at a time',
      needs: 'regctl',
      script: (regctl) => {
        const pairs = images.map(
          ({ repository }) => `ocidir://${layout}:${nameOf(repository)} ${host}/${repository}:${TAG}`,
        );
        const copy = `${regctl} --host reg=${host},tls=disabled image copy`;
        return `printf '%s\\n' ${pairs.map((pair) => `'${pair}'`).join(' ')} | xargs -n 2 -P 4 ${copy}`;
      },
      prepare,
    },
  ];
}
