import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  mustRun,
  startChartRepository,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type Distribution, startDistribution } from './support/distribution.ts';
import { type ServedDepot, serveEmbedded } from './support/serve-embedded.ts';
import { lacks, tool } from './support/tools.ts';

const REGISTRY = 'registry.upstream.example';
const CHARTS = 'charts.upstream.example';
const BUNDLE = `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64]
insecure: [${REGISTRY}, ${CHARTS}]
charts:
  - {repo: http://${CHARTS}, name: historian, version: "~4.1"}
  - {oci: oci://${REGISTRY}/charts/historian, version: "^4"}
`;
/** What YAML and JSON disagree about, and what Helm copies into annotations. */
const CHART_YAML = `apiVersion: v2
name: historian
version: 4.1.0+line.a
appVersion: 1.10
description: "Keeps <values> & more, äöü"
home: https://example.org/?a=1&b=2
sources: [https://example.org/one, https://example.org/two]
maintainers:
- {name: Ada, email: ada@example.org}
- name: Bob
kubeVersion: ">=1.20.0-0"
annotations: {example.org/number: "10", org.opencontainers.image.licenses: Apache-2.0}
`;

let home: TemporaryDirectory;
let registry: Distribution;
let machines: TwoMachines;
let served: ServedDepot;
let archive: string;
const cleanup = new AsyncDisposableStack();

const helm = (...args: readonly string[]): Promise<string> =>
  mustRun(tool('helm'), args, {
    cwd: home.path,
    env: { PATH: process.env['PATH'], HOME: home.path, TZ: 'UTC' },
  });

interface ChartManifest {
  readonly config: { readonly digest: string };
  readonly layers: ReadonlyArray<{ readonly digest: string }>;
}

async function manifest(host: string, name: string): Promise<{ text: string; read: ChartManifest }> {
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const answer = await fetch(`http://${host}/v2/${name}/manifests/4.1.0_line.a`, { headers });
  expect(answer.status).toBe(200);
  const text = await answer.text();
  return { text, read: JSON.parse(text) as ChartManifest };
}

describe.skipIf(lacks('docker-registry', 'helm'))('charts between Helm and Helm', () => {
  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    registry = cleanup.use(await startDistribution());
    archive = await packChart();
    const repository = cleanup.use(await startChartRepository([]));
    repository.files.set('/historian-4.1.0+line.a.tgz', await readFile(archive));
    await helm('repo', 'index', '.', '--url', `http://${CHARTS}`);
    repository.files.set('/index.yaml', await readFile(home.join('index.yaml')));
    await helm('push', archive, `oci://${registry.host}/charts`, '--plain-http');
    const connect = [80, 443].flatMap((port) => [
      `${REGISTRY}:${port}=${registry.host}`,
      `${CHARTS}:${port}=${repository.host}`,
    ]);
    const environment = { GAPFERRY_CONNECT_TO: connect.join(',') };
    machines = await makeTwoMachines({ bundle: BUNDLE, environment });
    cleanup.defer(() => machines.close());
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
    await machines.import();
    served = cleanup.use(await serveEmbedded(machines.inside));
  });
  afterAll(() => cleanup.disposeAsync());

  /** As an archive of 1970: that is the date gapferry gives to charts of classic repositories. */
  async function packChart(): Promise<string> {
    await mkdir(home.join('made/historian/templates'), { recursive: true });
    await writeFile(home.join('made/historian/Chart.yaml'), CHART_YAML);
    await writeFile(home.join('made/historian/values.yaml'), 'keep: 30d\n');
    const template =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h}\ndata: {keep: {{ .Values.keep }}}\n';
    await writeFile(home.join('made/historian/templates/config-map.yaml'), template);
    await helm('package', 'made/historian');
    const packed = home.join('historian-4.1.0+line.a.tgz');
    await utimes(packed, 0, 0);
    return packed;
  }

  it('gives the chart that helm pushed under the digest it had upstream', async () => {
    const theirs = await manifest(registry.host, 'charts/historian');
    const ours = await manifest(served.host, `${REGISTRY}/charts/historian`);
    expect(ours.text).toBe(theirs.text);
  });

  it('makes of a classic chart, byte for byte, what helm push makes of it', async () => {
    const theirs = await manifest(registry.host, 'charts/historian');
    const ours = await manifest(served.host, `${CHARTS}/historian`);
    expect(ours.read.config.digest).toBe(theirs.read.config.digest);
    expect(ours.read.layers).toEqual(theirs.read.layers);
    expect(ours.text).toBe(theirs.text);
  });

  it.for([
    ['from the registry', `${REGISTRY}/charts/historian`],
    ['from the repository', `${CHARTS}/historian`],
  ])('lets helm pull and render what came %s', async ([, name = '']) => {
    const into = join(home.path, 'pulled', name);
    await mkdir(into, { recursive: true });
    const flags = ['--version', '4.1.0+line.a', '--plain-http'];
    await helm('pull', `oci://${served.host}/${name}`, ...flags, '--destination', into);
    const pulled = await readFile(join(into, 'historian-4.1.0+line.a.tgz'));
    expect(pulled.equals(await readFile(archive))).toBe(true);
    const rendered = await helm('template', 'h', `oci://${served.host}/${name}`, ...flags);
    expect(rendered).toContain('keep: 30d');
  });
});
