import { join } from 'node:path';
import { digestOf } from '@gapferry/core';
import {
  chartArtifact,
  createRepository,
  makeChart,
  makeImage,
  makeIndex,
  seededBuffer,
  startChartRepository,
  startFileServer,
  startGitServer,
  startRegistry,
  type TestChart,
  type TestFileServer,
  type TestGitRepository,
  type TestImage,
  type TestRegistry,
  type TestServer,
} from '@gapferry/testkit';

export const REGISTRY = 'registry.upstream.example';
export const CHARTS = 'charts.upstream.example';
export const GIT = 'git.upstream.example';
export const FILES = 'files.upstream.example';

/** A small upstream with one of everything, under names that look real. */
export interface Upstream {
  readonly registry: TestRegistry;
  readonly charts: Awaited<ReturnType<typeof startChartRepository>>;
  readonly git: TestGitRepository;
  readonly gitServer: TestServer;
  readonly files: TestFileServer;
  /** What a machine needs in its environment to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes the app image of a day; the base layer is the same every day. */
  appImage(day: number): Promise<TestImage>;
  /** The next day upstream: a moved tag, a new chart version, two commits and a tag. */
  change(): Promise<void>;
  close(): Promise<void>;
}

/** Content of the one file; its sha256 stands in the bundle. */
const TOOL = seededBuffer(300_000, 'tool');

export const TOOL_SHA256: string = digestOf(TOOL).slice(7);

/** Starts it; Git repositories are made below `directory`. The content is the same on every machine. */
export async function startUpstream(directory: string): Promise<Upstream> {
  const registry = await startRegistry();
  const charts = await startChartRepository([await historian('4.0.0'), await historian('4.1.0')]);
  const git = await createRepository(join(directory, 'ops', 'line-a.git'), [
    { message: 'Begin', files: { 'README.md': 'line A\n' }, tags: ['v1.0'] },
    { message: 'Add the gateway', files: { 'gateway.yaml': 'replicas: 1\n' } },
  ]);
  const gitServer = await startGitServer(directory);
  const files = await startFileServer(new Map([['/tools/tool.bin', TOOL]]));
  registry.seedImage('line-a/app', '1.0', await appImage(1));
  registry.seedImage(
    'charts/mqtt',
    '1.2.3',
    chartArtifact(await makeChart({ name: 'mqtt', version: '1.2.3' })),
  );
  const change = async (): Promise<void> => {
    registry.seedImage('line-a/app', '1.0', await appImage(2));
    charts.add(await historian('4.2.0'));
    await git.commit({ message: 'Scale the gateway', files: { 'gateway.yaml': 'replicas: 2\n' } });
    await git.commit({ message: 'Say so', files: { 'README.md': 'line A, twice\n' }, tags: ['v1.1'] });
  };
  const servers = [registry, charts, gitServer, files];
  return {
    registry,
    charts,
    git,
    gitServer,
    files,
    environment: environmentOf(registry, charts, gitServer, files),
    appImage,
    change,
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  };
}

async function appImage(day: number): Promise<TestImage> {
  const platforms = ['linux/amd64', 'linux/arm64', 'windows/amd64'];
  const images = platforms.map((platform) =>
    makeImage({
      platform,
      layers: [
        { size: 400_000, seed: 'base' },
        { size: 50_000, seed: `${platform} ${day}` },
      ],
      seed: `${platform} ${day}`,
    }),
  );
  return makeIndex(await Promise.all(images));
}

function historian(version: string): Promise<TestChart> {
  return makeChart({ name: 'historian', version });
}

function environmentOf(
  registry: TestServer,
  charts: TestServer,
  git: TestServer,
  files: TestServer,
): Record<string, string> {
  const pairs = [
    [REGISTRY, registry],
    [CHARTS, charts],
    [GIT, git],
    [FILES, files],
  ] as const;
  // 443 leads there too: whether a host speaks TLS is asked there.
  const leading = pairs.flatMap(([host, { port }]) =>
    [80, 443].map((from) => `${host}:${from}=127.0.0.1:${port}`),
  );
  return { GAPFERRY_CONNECT_TO: leading.join(',') };
}

/** A bundle of one of everything that the upstream has. With `images: none` no chart is rendered: an engine takes longer to start than all the rest of such a release. */
export function bundleOfEverything(name = 'line-a', images: 'discover' | 'none' = 'discover'): string {
  return `format: gapferry.bundle/1
name: ${name}
platforms: [linux/amd64, linux/arm64]
insecure: [${REGISTRY}, ${CHARTS}, ${GIT}, ${FILES}]
images:
  - ${REGISTRY}/line-a/app:1.0
charts:
  - {repo: http://${CHARTS}, name: historian, version: "^4", images: ${images}}
  - {oci: oci://${REGISTRY}/charts/mqtt, version: 1.2.3, images: ${images}}
git:
  - {url: http://${GIT}/ops/line-a.git, refs: [main, "v1.*"]}
files:
  - {url: http://${FILES}/tools/tool.bin, sha256: ${TOOL_SHA256}, as: tools/tool.bin}
`;
}
