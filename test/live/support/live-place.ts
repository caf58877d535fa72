import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
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

/** Undefined where the environment names none: then whoever asks starts a server of his own. An address without a scheme is one of https; a name and a password in it count where no other is given. */
export function livePlace(
  kind: 'GITEA' | 'HARBOR' | 'QUAY' | 'REGISTRY' | 'S3',
  env: NodeJS.ProcessEnv = process.env,
): LivePlace | undefined {
  const [named, user, password, token, ca] = ['URL', 'USER', 'PASSWORD', 'TOKEN', 'CA'].map(
    (name) => env[`GAPFERRY_LIVE_${kind}_${name}`] || undefined,
  );
  if (named === undefined) return undefined;
  const url = new URL(/^https?:/.test(named) ? named : `https://${named}`);
  const secret = password ?? token ?? (decodeURIComponent(url.password) || undefined);
  // A token says itself whose it is.
  const username = user ?? (decodeURIComponent(url.username) || 'gapferry');
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    host: url.host,
    ...(secret !== undefined && { credentials: { username, password: secret } }),
    // Relative to where the tests were started, and not to a site file.
    ...(ca !== undefined && { ca: resolve(ca) }),
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

/** Tries of a removal, and milliseconds between them: somebody's server may be busy with what the tests did last. */
const TRIES = 4;
const BETWEEN = 1500;

/** Removes what the tests made there. Never throws: what stays is told. True once it is gone. */
export async function removeAt(
  place: LivePlace,
  path: string,
  question: PlaceQuestion = { loggedIn: true },
): Promise<boolean> {
  let why = '';
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (tries > 0) await setTimeout(BETWEEN);
    try {
      const { status, json } = await askPlace(place, 'DELETE', path, question);
      if (status < 300 || status === 404) return true;
      why = `${status}${json === undefined ? '' : ` ${JSON.stringify(json).slice(0, 200)}`}`;
      if (status === 401 || status === 403) break;
    } catch (error) {
      why = String(error);
    }
  }
  process.stderr.write(`${path} at ${place.host} could not be removed: ${why}\n`);
  return false;
}
