import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import type { Credentials } from '@gapferry/testkit';

/** A server that somebody runs and whose address is in the environment: `GAPFERRY_LIVE_<KIND>_URL`, with `_USER` and `_PASSWORD` or `_TOKEN`, and `_CA`, the path of a PEM file. */
export interface LivePlace {
  /** Without a slash at the end. */
  readonly url: string;
  /** `host[:port]`. */
  readonly host: string;
  readonly credentials?: Credentials;
  readonly ca?: string;
}

/** Undefined where the environment names none: then whoever asks starts a server of his own. */
export function livePlace(
  kind: 'GITEA' | 'QUAY' | 'REGISTRY' | 'S3',
  env: NodeJS.ProcessEnv = process.env,
): LivePlace | undefined {
  const [url, user, password, token, ca] = ['URL', 'USER', 'PASSWORD', 'TOKEN', 'CA'].map(
    (name) => env[`GAPFERRY_LIVE_${kind}_${name}`] || undefined,
  );
  if (url === undefined) return undefined;
  const secret = password ?? token;
  return {
    url: new URL(url).href.replace(/\/+$/, ''),
    host: new URL(url).host,
    // A token says itself whose it is.
    ...(secret !== undefined && { credentials: { username: user ?? 'gapferry', password: secret } }),
    ...(ca !== undefined && { ca }),
  };
}

/** A name that nobody else has there: `gapferry-live-1f2e3d4c`. */
export function uniqueName(): string {
  return `gapferry-live-${randomBytes(4).toString('hex')}`;
}

/** What stands in a target of site.yaml for such a server: its address under this member, its authority, and that plain HTTP is meant. */
export function membersOf({ url, ca }: Pick<LivePlace, 'url' | 'ca'>, member = 'url'): string {
  const plain = url.startsWith('http:') ? ', insecure: true' : '';
  return `${member}: "${url}"${ca === undefined ? '' : `, ca: "${ca}"`}${plain}`;
}

export interface PlaceQuestion {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Credentials go along at once; otherwise the server has to ask for them. */
  readonly loggedIn?: boolean;
}

export interface PlaceAnswer {
  readonly status: number;
  readonly json: unknown;
  readonly headers: ReadonlyMap<string, string>;
}

const EVERY_STATUS = Array.from({ length: 400 }, (_, i) => 200 + i);

/** Asks such a server; any status is an answer. */
export async function askPlace(
  { url, host, ca, credentials }: LivePlace,
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  { body, headers = {}, loggedIn = false }: PlaceQuestion = {},
): Promise<PlaceAnswer> {
  const http = createHttpClient({
    ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }),
    ...(url.startsWith('http:') && { insecure: [host] }),
    ...(credentials !== undefined && { credentials: async () => credentials }),
  });
  const login = loggedIn && credentials !== undefined ? { authorization: basic(credentials) } : {};
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const base = {
    url: `${url}${path}`,
    item: `${method} ${path}`,
    accept: EVERY_STATUS,
    headers: { ...headers, ...login, ...json },
  };
  try {
    const answer =
      method === 'GET' || method === 'HEAD'
        ? await http.request({ ...base, method }, quietRun())
        : await http.send(
            { ...base, method, ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }) },
            quietRun(),
          );
    const text = Buffer.from(answer.body).toString('utf8');
    return {
      status: answer.status,
      json: /^[[{]/.test(text) ? JSON.parse(text) : undefined,
      headers: answer.headers,
    };
  } finally {
    http.close();
  }
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
