import { mkdir, writeFile } from 'node:fs/promises';
import { which } from '@gapferry/testkit';
import { type BenchZone, makeBenchZone } from './bench-zone.ts';
import { comparisonTable } from './report.ts';
import { type Absentee, type Contestant, sideBySide } from './side-by-side.ts';
import { startBenchRegistry } from './upstream.ts';
import { contentOf, hex, openWorkload, TAG, type Workload, warm } from './workload.ts';

/** `gapferry collect` into an empty depot, against `skopeo copy` of the same images into one OCI layout and against curl, which neither checks nor syncs. */
export async function benchCollect(runs: number, size: number | undefined): Promise<string> {
  const workload = await openWorkload(size);
  await warm(workload);
  await using registry = await startBenchRegistry(workload, workload.registry);
  await using zone = await makeBenchZone(workload, registry.host);
  const peers = [skopeo(zone, workload, registry.host), ...(await curl(zone, workload, registry.host))];
  const ours: Contestant = {
    name: 'gapferry collect',
    command: zone.collect(),
    prepare: () => zone.empty('depot', 'bundles/bench/bundle.lock.json'),
  };
  const compared = await sideBySide([ours, ...peers.filter((peer) => 'command' in peer)], runs);
  const absent = peers.filter((peer) => 'missing' in peer);
  return `upstream: ${registry.described}\n${comparisonTable(compared, absent)}`;
}

/** One image after the other: processes at once would overwrite each other's index.json. It syncs every blob. */
function skopeo(zone: BenchZone, { images }: Workload, host: string): Contestant | Absentee {
  const name = 'skopeo copy, to one OCI layout';
  const program = which('skopeo');
  if (program === undefined) return { name, missing: 'skopeo is not on this machine' };
  const copies = images.map(
    ({ repository }) =>
      `${program} copy -q --src-tls-verify=false docker://${host}/${repository}:${TAG} oci:${zone.path('skopeo')}:${repository.split('/').at(-1)}`,
  );
  return { name, command: shell(copies.join(' && ')), prepare: () => zone.empty('skopeo') };
}

/** The limit of this machine: the same blobs, each once, neither hashed nor synced; and synced at the end. */
async function curl(
  zone: BenchZone,
  workload: Workload,
  host: string,
): Promise<Array<Contestant | Absentee>> {
  const name = 'curl, 6 in parallel';
  const program = which('curl');
  if (program === undefined) return [{ name, missing: 'curl is not on this machine' }];
  const requests = contentOf({ ...workload }).map(({ digest, mediaType }) => {
    const repository = ownerOf(workload, digest);
    const kind = mediaType.includes('manifest') ? 'manifests' : 'blobs';
    return `next\nfail\nheader = "Accept: ${mediaType}"\nurl = "http://${host}/v2/${repository}/${kind}/${digest}"\noutput = "${zone.path('curl', hex(digest))}"\n`;
  });
  await writeFile(zone.path('curl.config'), requests.join('').replace(/^next\n/, ''));
  const prepare = async (): Promise<void> => {
    await zone.empty('curl');
    await mkdir(zone.path('curl'));
  };
  const fetchAll = `${program} -sS --parallel --parallel-max 6 -K ${zone.path('curl.config')}`;
  return [
    { name, command: shell(fetchAll), prepare },
    { name: `${name}, then sync`, command: shell(`${fetchAll} && sync -f ${zone.path('curl')}`), prepare },
  ];
}

function ownerOf({ images }: Workload, digest: string): string {
  const owner = images.find(({ root, blobs }) => [root, ...blobs].some((blob) => blob.digest === digest));
  return owner?.repository ?? '';
}

function shell(script: string): Contestant['command'] {
  return { argv: ['sh', '-c', script] };
}
