import { hexOf } from '@gapferry/core';
import { type FileServerOptions, startFileServer, type TestFileServer } from '../http/file-server.ts';
import type { TestServer } from '../http/http-server.ts';
import type { TestChart } from './chart.ts';

export interface ChartRepositoryOptions extends FileServerOptions {
  /** How index.yaml names the archives; default `relative`. */
  readonly urls?: 'relative' | 'absolute';
  /** Path of the repository on its server, with a leading and no trailing slash; default none. */
  readonly path?: string;
  /** Writes `digest` into index.yaml; default true. */
  readonly digests?: boolean;
}

/** A classic chart repository. `url` is what `helm repo add` gets. */
export interface TestChartRepository extends TestServer {
  /** Adds a chart, or replaces the one of the same name and version; index.yaml follows. */
  add(chart: TestChart): void;
  /** Everything that is served, by path: replace an entry to let the repository lie. */
  readonly files: TestFileServer['files'];
}

/** Serves index.yaml (Helm, "The Chart Repository Guide") and archives. */
export async function startChartRepository(
  charts: readonly TestChart[] = [],
  options: ChartRepositoryOptions = {},
): Promise<TestChartRepository> {
  const server = await startFileServer(new Map(), options);
  const url = `${server.url}${options.path ?? ''}`;
  const shelf = new Map<string, TestChart>();
  const add = (chart: TestChart): void => {
    shelf.set(chart.fileName, chart);
    server.files.set(`${options.path ?? ''}/${chart.fileName}`, chart.archive);
    server.files.set(`${options.path ?? ''}/index.yaml`, indexText([...shelf.values()], url, options));
  };
  server.files.set(`${options.path ?? ''}/index.yaml`, indexText([], url, options));
  for (const chart of charts) add(chart);
  return { ...server, url, add };
}

/** JSON is YAML. Newest added version first, as Helm sorts only when it reads. */
function indexText(charts: readonly TestChart[], url: string, options: ChartRepositoryOptions): string {
  const entries: Record<string, unknown[]> = {};
  for (const chart of charts) {
    entries[chart.name] ??= [];
    entries[chart.name]?.unshift({
      ...chart.metadata,
      created: '2024-01-01T00:00:00Z',
      ...(options.digests !== false && { digest: hexOf(chart.digest) }),
      urls: [options.urls === 'absolute' ? `${url}/${chart.fileName}` : chart.fileName],
    });
  }
  return `${JSON.stringify({ apiVersion: 'v1', entries, generated: '2024-01-01T00:00:00Z' }, null, 2)}\n`;
}
