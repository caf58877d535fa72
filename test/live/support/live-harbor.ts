import type { Credentials } from '@gapferry/testkit';
import { askPlace, type LivePlace, livePlace, type PlaceAnswer, removeAt, uniqueName } from './live-place.ts';
import { hostsOfTokens } from './token-hosts.ts';

/** A Harbor that somebody runs, and whose address is in the environment. The tests make projects of their own there, and take away whatever they made. */
export interface LiveHarbor extends LivePlace {
  readonly credentials: Credentials;
}

const NAMES = ['URL', 'USER', 'PASSWORD'].map((name) => `GAPFERRY_LIVE_HARBOR_${name}`);

/** Undefined, and the reason is printed, where the environment names none. */
export function liveHarbor(env: NodeJS.ProcessEnv = process.env): LiveHarbor | undefined {
  const place = livePlace('HARBOR', env);
  if (place?.credentials === undefined) {
    process.stderr.write(`skipped: needs a Harbor: set ${NAMES.join(', ')} (and GAPFERRY_LIVE_HARBOR_CA)\n`);
    return undefined;
  }
  // Harbor has no path in front.
  return { ...place, url: new URL(place.url).origin, credentials: place.credentials };
}

/** Its API, and what the tests made there. */
export interface HarborSession extends AsyncDisposable {
  readonly harbor: LiveHarbor;
  /** A name of a project that nobody else has; whatever is in it is removed in the end. */
  project(): string;
  /** Below `/api/v2.0`; any status is an answer. */
  ask(method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<PlaceAnswer>;
  /** An artifact of the API. `repository`: without its project. */
  artifact(project: string, repository: string, reference: string): Promise<unknown>;
  /** Of the manifest that a tag or digest is, by the registry. */
  digest(path: string, reference: string): Promise<string | undefined>;
  /** Removed in the end, before projects are. */
  remove(path: string): void;
  /** Hosts besides its own that it sends clients to: its token service may say another name. */
  also(): Promise<string[]>;
}

const API = '/api/v2.0';
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** Unasked, Harbor tells of older reports alone. */
const REPORTS = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
].join(', ');

export function openHarborSession(harbor: LiveHarbor): HarborSession {
  const projects: string[] = [];
  const paths: string[] = [];
  const ask: HarborSession['ask'] = (method, path, body) =>
    askPlace(harbor, method, `${API}${path}`, {
      loggedIn: true,
      headers: { accept: 'application/json', 'x-accept-vulnerabilities': REPORTS },
      ...(body !== undefined && { body }),
    });
  return {
    harbor,
    ask,
    project: () => {
      const name = uniqueName();
      projects.push(name);
      return name;
    },
    artifact: async (project, repository, reference) => {
      const path = `${repositoryPath(project, repository)}/artifacts/${reference}`;
      const { status, json } = await ask('GET', `${path}?with_label=true&with_scan_overview=true`);
      if (status !== 200) throw new Error(`${path} is answered ${status} ${JSON.stringify(json)}`);
      return json;
    },
    digest: async (path, reference) => {
      const question = { loggedIn: true, headers: { accept: MANIFESTS } };
      const answer = await askPlace(harbor, 'HEAD', `/v2/${path}/manifests/${reference}`, question);
      return answer.status === 200 ? answer.headers.get('docker-content-digest') : undefined;
    },
    remove: (path) => void paths.push(path),
    also: () => hostsOfTokens(harbor),
    [Symbol.asyncDispose]: async () => {
      for (const path of paths.reverse()) await removeAt(harbor, `${API}${path}`);
      for (const name of projects) await removeProject(harbor, ask, name).catch((error) => tell(name, error));
    },
  };
}

function tell(name: string, error: unknown): void {
  process.stderr.write(`the project ${name} could not be removed: ${String(error)}\n`);
}

/** A name with slashes is escaped twice (swagger: repositoryName). */
function repositoryPath(project: string, repository: string): string {
  return `/projects/${project}/repositories/${encodeURIComponent(encodeURIComponent(repository))}`;
}

/** Rules first: tags that are kept cannot be removed. Then what is in it, page by page: only an empty project goes. */
async function removeProject(harbor: LiveHarbor, ask: HarborSession['ask'], name: string): Promise<void> {
  // Of names that were never used there is none; newer ones answer 403 to who may not read it.
  const found = await ask('GET', `/projects?q=${encodeURIComponent(`name=${name}`)}`);
  if (found.status === 200 && listOf(found.json).length === 0) return;
  const rules = (await ask('GET', `/projects/${name}/immutabletagrules?page_size=100`)).json;
  for (const { id } of listOf<{ id: number }>(rules))
    await removeAt(harbor, `${API}/projects/${name}/immutabletagrules/${id}`);
  for (let isAll = false; !isAll; ) {
    const listed = (await ask('GET', `/projects/${name}/repositories?page_size=100`)).json;
    const repositories = listOf<{ name: string }>(listed).map((each) => each.name.slice(name.length + 1));
    isAll = repositories.length < 100;
    for (const repository of repositories)
      if (!(await removeAt(harbor, `${API}${repositoryPath(name, repository)}`))) isAll = true;
  }
  await removeAt(harbor, `${API}/projects/${name}`);
}

function listOf<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
