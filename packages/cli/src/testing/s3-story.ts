import { type FileName, quietRun } from '@gapferry/core';
import { memoryMedium, type TestFile } from '@gapferry/core/testing';
import { type S3Server, type S3ServerOptions, startS3Server } from '@gapferry/testkit';
import { openS3Fixture, RELEASE, type S3Fixture, type S3FixtureOptions } from './s3-place.ts';

const run = quietRun();

/** The release after `RELEASE`. */
export const NEXT = {
  ...RELEASE,
  version: '1.1.0',
  sequence: 2,
  statement: `sha256:${'2'.repeat(64)}`,
} as const;

/** Buckets and targets that are closed together. */
export class S3Story {
  readonly #cleanup: Array<() => Promise<void> | void> = [];

  async serve(options: S3ServerOptions = { buckets: { plant: {} } }): Promise<S3Server> {
    const server = await startS3Server(options);
    this.#cleanup.push(() => server.close());
    return server;
  }

  open(server: S3Server, options: S3FixtureOptions = {}): S3Fixture {
    const fixture = openS3Fixture(server, options);
    this.#cleanup.push(() => fixture.http.close());
    return fixture;
  }

  async close(): Promise<void> {
    for (const clean of this.#cleanup.splice(0).reverse()) await clean();
  }
}

/** As the importer does it. */
export async function importFiles({ target }: S3Fixture, ...files: readonly TestFile[]): Promise<void> {
  await target.preflight(
    files.flatMap(({ content, name }) => [content, name]),
    run,
  );
  for (const { content, medium } of files)
    if ((await target.inspect(content, run)).state !== 'same') await target.load(content, medium, run);
  await target.readBackAll(
    files.map(({ content }) => content),
    run,
  );
  const names: FileName[] = [];
  for (const { name } of files) {
    const presence = await target.inspect(name, run);
    if (presence.state === 'different') names.push({ ...name, replaces: presence.there });
    if (presence.state === 'absent') names.push(name);
  }
  if (names.length > 0) await target.loadNames(names, memoryMedium([]), run);
}

/** Paths of all requests that change something. */
export function writes(server: S3Server): string[] {
  return server.requests
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map(({ url }) => pathIn(url));
}

export function pathIn(url: string): string {
  return url.replace(/\?.*/, '');
}
