import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import { hostsOfTokens } from './token-hosts.ts';

/** A Harbor that somebody runs, and whose address is in the environment. The tests make projects of their own there, and take away whatever they made. */
export interface LiveHarbor {
  /** `https://harbor.example`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Path of a PEM file. */
  readonly ca?: string;
}

const NAMES = ['URL', 'USER', 'PASSWORD'].map((name) => `GAPFERRY_LIVE_HARBOR_${name}`);

/** Undefined, and the reason is printed, where the environment names none. */
export function liveHarbor(env: NodeJS.ProcessEnv = process.env): LiveHarbor | undefined {
  const [url = '', user = '', password = ''] = NAMES.map((name) => env[name] ?? '');
  if (url === '' || user === '' || password === '') {
    process.stderr.write(`skipped: needs a Harbor: set ${NAMES.join(', ')} (and GAPFERRY_LIVE_HARBOR_CA)\n`);
    return undefined;
  }
  const ca = env['GAPFERRY_LIVE_HARBOR_CA'] ?? '';
  return { url: new URL(url).origin, user, password, ...(ca !== '' && { ca }) };
}

export interface ApiAnswer {
  readonly status: number;
  readonly json: unknown;
  /** Id at the end of `Location`. */
  readonly id: number;
}

/** Its API, and what the tests made there. */
export interface HarborSession extends AsyncDisposable {
  readonly harbor: LiveHarbor;
  /** A name of a project that nobody else has; whatever is in it is removed in the end. */
  project(): string;
  /** Below `/api/v2.0`; any status is an answer. */
  ask(method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<ApiAnswer>;
  /** Of the manifest that a tag or digest is, by the registry. */
  digest(path: string, reference: string): Promise<string | undefined>;
  /** Removed in the end, before projects are. */
  remove(path: string): void;
  /** Hosts besides its own that it sends clients to: its token service may say another name. */
  also(): Promise<string[]>;
}

const STATUSES = [200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 412, 422, 500];

export async function openHarborSession(harbor: LiveHarbor): Promise<HarborSession> {
  const run = quietRun();
  const { host } = new URL(harbor.url);
  const ca = harbor.ca === undefined ? undefined : await readFile(harbor.ca, 'utf8');
  const http = createHttpClient({
    ...(ca !== undefined && { ca }),
    ...(harbor.url.startsWith('http:') && { insecure: [host] }),
  });
  const authorization = `Basic ${Buffer.from(`${harbor.user}:${harbor.password}`).toString('base64')}`;
  const headers = { authorization, accept: 'application/json' };
  const projects: string[] = [];
  const paths: string[] = [];
  const ask: HarborSession['ask'] = async (method, path, body) => {
    const base = { url: `${harbor.url}/api/v2.0${path}`, item: `${method} ${path}`, accept: STATUSES };
    const answer =
      method === 'GET' || method === 'HEAD'
        ? await http.request({ ...base, method, headers }, run)
        : await http.send(
            {
              ...base,
              method,
              headers: { ...headers, 'content-type': 'application/json' },
              ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
            },
            run,
          );
    const text = Buffer.from(answer.body).toString('utf8');
    const json: unknown = /^[[{]/.test(text) ? JSON.parse(text) : undefined;
    return { status: answer.status, json, id: Number(answer.headers.get('location')?.split('/').at(-1)) };
  };
  return {
    harbor,
    ask,
    project: () => {
      const name = `gapferry-live-${randomBytes(4).toString('hex')}`;
      projects.push(name);
      return name;
    },
    digest: (path, reference) => digestAt(http, `${harbor.url}/v2/${path}/manifests/${reference}`, headers),
    remove: (path) => void paths.push(path),
    also: () => hostsOfTokens(harbor),
    [Symbol.asyncDispose]: async () => {
      for (const path of paths.reverse()) await ask('DELETE', path);
      for (const name of projects) await removeProject(ask, name);
      http.close();
    },
  };
}

async function digestAt(
  http: HttpClient,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const accept =
    'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json';
  const question = { url, item: url, method: 'HEAD', headers: { ...headers, accept }, accept: STATUSES };
  const answer = await http.request({ ...question, method: 'HEAD' }, quietRun());
  return answer.status === 200 ? answer.headers.get('docker-content-digest') : undefined;
}

/** Rules first: tags that are kept cannot be removed. Then what is in it. */
async function removeProject(ask: HarborSession['ask'], name: string): Promise<void> {
  if ((await ask('HEAD', `/projects?project_name=${name}`)).status !== 200) return;
  const rules = (await ask('GET', `/projects/${name}/immutabletagrules`)).json;
  for (const { id } of listOf<{ id: number }>(rules))
    await ask('DELETE', `/projects/${name}/immutabletagrules/${id}`);
  const repositories = (await ask('GET', `/projects/${name}/repositories?page_size=100`)).json;
  for (const repository of listOf<{ name: string }>(repositories)) {
    const escaped = encodeURIComponent(encodeURIComponent(repository.name.slice(name.length + 1)));
    await ask('DELETE', `/projects/${name}/repositories/${escaped}`);
  }
  const { status } = await ask('DELETE', `/projects/${name}`);
  if (status !== 200) process.stderr.write(`the project ${name} could not be removed (${status})\n`);
}

function listOf<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
