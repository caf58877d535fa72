import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchOptions } from './bench-options.ts';
import { type BenchZone, makeBenchZone } from './bench-zone.ts';
import { choosePeers, type Peer } from './peers.ts';
import { comparisonTable } from './report.ts';
import { type Contestant, sideBySide } from './side-by-side.ts';
import { unchangedTable } from './unchanged.ts';
import { startBenchRegistry } from './upstream.ts';
import { contentOf, describeWorkload, hex, openWorkload, TAG, type Workload, warm } from './workload.ts';

/** `gapferry collect` into an empty depot, against what others make of the same images; the limit of the machine is curl, which neither checks nor syncs. */
export async function benchCollect({ runs = 5, size, peers, registry }: BenchOptions): Promise<string> {
  const workload = await openWorkload(size);
  await warm(workload);
  const accessLog = join(workload.registry, 'access.log');
  await using upstream = await startBenchRegistry(workload, { choice: registry, accessLog });
  await using zone = await makeBenchZone(workload, upstream.host);
  await writeFile(zone.path('curl.config'), curlConfig(zone, workload, upstream.host));
  const others = choosePeers(collectPeers(zone, workload, upstream.host), peers, zone.env);
  const ours = {
    name: 'gapferry collect',
    command: zone.collect(),
    prepare: () => zone.empty('depot', 'bundles/bench/bundle.lock.json'),
  };
  const able = [ours, ...others.filter((peer) => 'command' in peer)];
  const absent = others.filter((peer) => 'missing' in peer);
  const first = comparisonTable(await sideBySide(able, runs), absent);
  const again = await unchangedTable(able.filter(isNotCurl), accessLog, (contestant) =>
    contestant === ours ? zone.collectAgain() : contestant.command,
  );
  const about = `workload: ${describeWorkload(workload)}\nupstream: ${upstream.described}`;
  return [about, first, again].join('\n');
}

/** It would fetch everything again. */
function isNotCurl({ name }: Contestant): boolean {
  return !name.startsWith('curl');
}

function collectPeers(zone: BenchZone, { images }: Workload, host: string): Peer[] {
  const references = images.map(({ repository }) => `${host}/${repository}:${TAG}`);
  const each = (command: (reference: string, name: string) => string): string =>
    references.map((reference, at) => command(reference, `image-${at}`)).join(' && ');
  const fetchAll = (curl: string): string =>
    `${curl} -sS --parallel --parallel-max 6 -K ${zone.path('curl.config')}`;
  const emptyCurl = async (): Promise<void> => {
    await zone.empty('curl');
    await mkdir(zone.path('curl'));
  };
  return [
    {
      key: 'crane',
      name: 'crane pull --format=oci, all in one call',
      needs: 'crane',
      script: (crane) =>
        `${crane} pull --insecure --format=oci ${references.join(' ')} ${zone.path('crane')}`,
      prepare: () => zone.empty('crane'),
    },
    {
      key: 'skopeo',
      // Processes at once would overwrite each other's index.json. It syncs every blob.
      name: 'skopeo copy --all, one after the other',
      needs: 'skopeo',
      script: (skopeo) =>
        each(
          (reference, name) =>
            `${skopeo} --insecure-policy copy -q --all --src-tls-verify=false docker://${reference} oci:${zone.path('skopeo')}:${name}`,
        ),
      prepare: () => zone.empty('skopeo'),
    },
    {
      key: 'regctl',
      name: 'regctl image copy, one after the other',
      needs: 'regctl',
      script: (regctl) =>
        each(
          (reference, name) =>
            `${regctl} --host reg=${host},tls=disabled image copy ${reference} ocidir://${zone.path('regctl')}:${name}`,
        ),
      prepare: () => zone.empty('regctl'),
    },
    { key: 'curl', name: 'curl, 6 in parallel', needs: 'curl', script: fetchAll, prepare: emptyCurl },
    {
      key: 'curl-sync',
      name: 'curl, 6 in parallel, then sync',
      needs: 'curl',
      script: (curl) => `${fetchAll(curl)} && sync -f ${zone.path('curl')}`,
      prepare: emptyCurl,
    },
  ];
}

/** The same blobs and manifests, each once. */
function curlConfig(zone: BenchZone, workload: Workload, host: string): string {
  const requests = contentOf(workload).map(({ digest, mediaType }) => {
    const kind = /manifest|index/.test(mediaType) ? 'manifests' : 'blobs';
    const url = `http://${host}/v2/${ownerOf(workload, digest)}/${kind}/${digest}`;
    return `fail\nheader = "Accept: ${mediaType}"\nurl = "${url}"\noutput = "${zone.path('curl', hex(digest))}"\n`;
  });
  return requests.join('next\n');
}

function ownerOf({ images }: Workload, digest: string): string {
  const owner = images.find(({ root, manifests, blobs }) =>
    [root, ...manifests, ...blobs].some((blob) => blob.digest === digest),
  );
  return owner?.repository ?? '';
}
