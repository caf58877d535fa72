import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf } from '@gapferry/core';
import {
  chartArtifact,
  startChartRepository,
  startFileServer,
  startGitServer,
  startRegistry,
  type TestChartRepository,
  type TestFileServer,
  type TestRegistry,
  type TestServer,
} from '@gapferry/testkit';
import { clientsChart, gapferryChart } from './charts.ts';
import { DAYS, type Day } from './days.ts';
import { createHistory, type History } from './history.ts';
import { connectTo } from './hosts.ts';
import { gapferryImage } from './image.ts';
import type { ProgramFiles } from './program-files.ts';

export interface UpstreamInput {
  /** The checkout whose history is served. */
  readonly root: string;
  /** An empty or missing directory for the repository that is served. */
  readonly directory: string;
  readonly program: ProgramFiles;
}

/** The demo's internet: a registry, a chart repository, a Git server and a file server on free ports of this machine. */
export interface Upstream extends AsyncDisposable {
  /** For GAPFERRY_CONNECT_TO. */
  readonly connectTo: string;
  /** What the Git repository holds. */
  readonly history: string;
  /** What is published now, to hold against what arrives. */
  published(): Promise<Published>;
  /** The upstream's next day: a tag moves, charts get new versions, commits and a tag appear, a file has a new version beside the old one. */
  change(): Promise<void>;
  close(): Promise<void>;
}

export interface Published {
  readonly image: Digest;
  /** File name of the archive → its digest. */
  readonly charts: Readonly<Record<string, Digest>>;
  /** Full ref name → object id. */
  readonly refs: Readonly<Record<string, string>>;
  /** The newest version of the file. */
  readonly file: { readonly path: string; readonly digest: Digest };
}

export async function startUpstream({ root, directory, program }: UpstreamInput): Promise<Upstream> {
  const history = await createHistory(root, join(directory, 'gapferry.git'));
  const servers: Servers = {
    registry: await startRegistry(),
    charts: await startChartRepository(),
    git: await startGitServer(directory),
    files: await startFileServer(new Map()),
  };
  const parts = { servers, history, program };
  let published = await publish(parts, DAYS[0]);
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(servers).map((server: TestServer) => server.close()));
  };
  return {
    connectTo: connectTo({
      registry: servers.registry.port,
      charts: servers.charts.port,
      git: servers.git.port,
      files: servers.files.port,
    }),
    history: history.origin,
    published: async () => ({ ...published, refs: await history.refs() }),
    change: async () => {
      published = await publish(parts, DAYS[1]);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Servers {
  readonly registry: TestRegistry;
  readonly charts: TestChartRepository;
  readonly git: TestServer;
  readonly files: TestFileServer;
}

interface Parts {
  readonly servers: Servers;
  readonly history: History;
  readonly program: ProgramFiles;
}

async function publish({ servers, history, program }: Parts, day: Day): Promise<Omit<Published, 'refs'>> {
  const image = await gapferryImage(program, day);
  for (const tag of [day.version, '1']) servers.registry.seedImage('gapferry/gapferry', tag, image);
  const [run, clients] = [await gapferryChart(day), await clientsChart(day)];
  servers.charts.add(run);
  servers.registry.seedImage('charts/depot-clients', day.version, chartArtifact(clients));
  await history.publish(day);
  const version = day.version.replace(/\.0$/, '');
  const path = `/site-check/${version}/site-check.sh`;
  const script = await readFile(join(import.meta.dirname, 'files', `site-check-${version}.sh`));
  servers.files.files.set(path, script);
  return {
    image: image.root.digest,
    charts: { [run.fileName]: run.digest, [clients.fileName]: clients.digest },
    file: { path, digest: digestOf(script) },
  };
}
