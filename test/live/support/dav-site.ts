import type { Machine } from '../../support/command-line.ts';
import { type OneTarget, withOneTarget } from '../../support/one-target.ts';
import type { DavServer } from './nginx-dav.ts';

/** Whom the file servers know; the password is of no worth. */
export const DAV_USER = { username: 'plant', password: 'Sesam-oeffne-47' } as const;

/** The inside with the server as its only target, which may be given credentials: `credentials: {env: DAV}`. `members`: what else stands in the target, with a comma before. */
export async function davSite(inside: Machine, server: DavServer, members: string): Promise<OneTarget> {
  const DAV = `${DAV_USER.username}:${DAV_USER.password}`;
  const environment = { ...inside.environment, NETWORK_ALLOWED: server.host, DAV };
  const target = `name: files, kind: webdav, url: "${server.url}"${members}`;
  return await withOneTarget({ ...inside, environment }, server.host.replace(/^.*:/, ''), target);
}
