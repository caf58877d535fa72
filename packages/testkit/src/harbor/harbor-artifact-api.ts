import { type Digest, digestOf, isDigest } from '@gapferry/core';
import type { ApiRequest, Route } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ParsedManifest } from '../registry/manifest-rules.ts';
import type { Repository } from '../registry/repository.ts';
import type { Principal } from './harbor-access.ts';
import { HarborError } from './harbor-error.ts';
import { repositoriesOf } from './harbor-project-api.ts';
import { isImmutable } from './harbor-projects.ts';
import type { HarborState } from './harbor-state.ts';
import { requireRight } from './require-right.ts';

const ROOT = '/projects/:project/repositories';

export function artifactRoutes(state: HarborState, who: Principal): Route[] {
  return [
    ['GET', ROOT, (_, [project = '']) => listRepositories(state, who, project)],
    [
      'DELETE',
      `${ROOT}/:repository`,
      (_, [project = '', name = '']) => deleteRepository(state, who, project, name),
    ],
    [
      'GET',
      `${ROOT}/:repository/artifacts/:reference`,
      (request, args) => getArtifact(state, who, args, request),
    ],
    [
      'POST',
      `${ROOT}/:repository/artifacts/:reference/labels`,
      (request, args) => addLabel(state, who, args, request),
    ],
    ['POST', `${ROOT}/:repository/artifacts/:reference/scan`, (_, args) => scan(state, who, args)],
  ];
}

function listRepositories(state: HarborState, who: Principal, project: string): Reply {
  requireRight(state, who, project, 'repository/list');
  return jsonReply(
    200,
    repositoriesOf(state, project).map((name) => ({ name })),
  );
}

function deleteRepository(state: HarborState, who: Principal, project: string, escaped: string): Reply {
  requireRight(state, who, project, 'repository/delete');
  const name = toName(project, escaped);
  if (state.store.find(name) === undefined) throw new HarborError(404, `repository ${name} not found`);
  state.store.remove(name);
  return { status: 200 };
}

interface Artifact {
  readonly name: string;
  readonly digest: Digest;
  readonly repository: Repository;
}

function requireArtifact(
  state: HarborState,
  [project = '', escaped = '', reference = '']: readonly string[],
): Artifact {
  const name = toName(project, escaped);
  const repository = state.store.find(name);
  const digest = isDigest(reference) ? reference : repository?.tags.get(reference);
  if (repository === undefined || digest === undefined || !repository.manifests.has(digest))
    throw new HarborError(404, `artifact ${name}:${reference} not found`);
  return { name, digest, repository };
}

/** A name with slashes is escaped twice: once for the path, once for what reads it. */
function toName(project: string, escaped: string): string {
  if (escaped.includes('/')) throw new HarborError(404, 'path not found');
  return `${project}/${decodeURIComponent(escaped)}`;
}

function getArtifact(
  state: HarborState,
  who: Principal,
  args: readonly string[],
  { query, headers }: ApiRequest,
): Reply {
  const project = requireRight(state, who, args[0] ?? '', 'artifact/read');
  const { name, digest, repository } = requireArtifact(state, args);
  const key = `${name}@${digest}`;
  const bytes = repository.manifests.get(digest)?.bytes ?? new Uint8Array();
  const tags = [...repository.tags].filter(([, at]) => at === digest).map(([tag]) => tag);
  return jsonReply(200, {
    type: typeOf(parse(bytes)),
    digest,
    tags: tags.map((tag) => ({ name: tag, immutable: isImmutable(project, name, tag) })),
    accessories: accessoriesOf(repository, digest),
    ...(query.get('with_label') === 'true' && {
      labels: [...(state.labelled.get(key) ?? [])].map((id) => state.labels.get(id)),
    }),
    ...(query.get('with_scan_overview') === 'true' && overview(state, key, headers)),
  });
}

const REPORT = 'application/vnd.security.vulnerability.report; version=1.1';

/** Each question finds the scan one step further. Its report is of the newer kind, as Trivy's: who does not say that he takes it is told nothing. */
function overview(
  { scans }: HarborState,
  key: string,
  headers: ApiRequest['headers'],
): { scan_overview?: unknown } {
  if (!String(headers['x-accept-vulnerabilities'] ?? '').includes(REPORT)) return {};
  const steps = scans.get(key) ?? [];
  const report = steps.length > 1 ? steps.shift() : steps[0];
  return report === undefined ? {} : { scan_overview: { [REPORT]: report } };
}

function typeOf({ config }: ParsedManifest): string {
  return config?.mediaType.includes('helm') === true ? 'CHART' : 'IMAGE';
}

function accessoriesOf({ manifests }: Repository, subject: Digest): unknown[] {
  return [...manifests.values()]
    .filter(({ bytes }) => parse(bytes).subject?.digest === subject)
    .map(({ bytes }) => ({ digest: digestOf(bytes), type: accessoryType(parse(bytes)) }));
}

function accessoryType({ artifactType, config }: ParsedManifest): string {
  const type = artifactType ?? config?.mediaType ?? '';
  if (/sigstore|cosign/.test(type)) return 'signature.cosign';
  return 'subject.accessory';
}

function parse(bytes: Uint8Array): ParsedManifest {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as ParsedManifest;
}

function addLabel(state: HarborState, who: Principal, args: readonly string[], { body }: ApiRequest): Reply {
  const project = requireRight(state, who, args[0] ?? '', 'artifact-label/create');
  const { name, digest } = requireArtifact(state, args);
  const label = state.labels.get(Number(body['id']));
  if (label === undefined) throw new HarborError(404, `label ${String(body['id'])} not found`);
  if (label.scope === 'p' && label.project_id !== project.id)
    throw new HarborError(404, `project id ${project.id}, label ${label.id} not found`);
  const key = `${name}@${digest}`;
  const labels = state.labelled.get(key) ?? new Set();
  if (labels.has(label.id)) throw new HarborError(409, `label ${label.id} is already added to the artifact`);
  state.labelled.set(key, labels.add(label.id));
  return { status: 200 };
}

function scan(state: HarborState, who: Principal, args: readonly string[]): Reply {
  requireRight(state, who, args[0] ?? '', 'scan/create');
  const { name, digest } = requireArtifact(state, args);
  const { scanner } = state.settings;
  if (scanner === undefined) throw new HarborError(412, 'no available scanner');
  state.scans.set(`${name}@${digest}`, [...scanner]);
  return { status: 202 };
}
