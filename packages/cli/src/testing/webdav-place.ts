import { createHttpClient, type HttpClient } from '@gapferry/http';
import { openWebdav } from '@gapferry/objects';
import { type FileTreeTargetOptions, fileTreeTarget, webdavTree } from '@gapferry/targets';
import type { Credentials, TestServer } from '@gapferry/testkit';
import { RELEASE } from './s3-place.ts';

export interface WebdavFixture {
  readonly target: ReturnType<typeof fileTreeTarget>;
  readonly http: HttpClient;
}

/** A target below `/dav` of a server, without waiting between tries. */
export function openWebdavFixture(
  server: TestServer,
  options: Partial<FileTreeTargetOptions> & {
    readonly credentials?: Credentials;
    readonly idleTimeoutMs?: number;
  } = {},
): WebdavFixture {
  const { credentials, idleTimeoutMs, ...more } = options;
  const http = createHttpClient({
    onlyHosts: [server.host],
    wait: async () => {},
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(credentials !== undefined && { credentials: async () => credentials }),
  });
  const incoming = '.gapferry/incoming/line-a';
  const tree = webdavTree(openWebdav(http, { url: `${server.url}/dav`, incoming, wait: async () => {} }));
  const target = fileTreeTarget({
    name: 'files',
    tree,
    path: '{channel}/{path}',
    release: RELEASE,
    policy: { prune: false },
    ...more,
  });
  return { target, http };
}
