import type { Digest } from '@gapferry/core';
import type { Fault } from '../http/fault.ts';
import { startHttpServer } from '../http/http-server.ts';
import { BlobUploads } from '../registry/blob-uploads.ts';
import { registryOver, type TestRegistry } from '../registry/registry.ts';
import { registryHandler } from '../registry/registry-handler.ts';
import type { RegistryQuirks } from '../registry/registry-quirks.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import type { TlsIdentity } from '../tls-identity.ts';
import type { HarborPermission, HarborRobot, HarborUser } from './harbor-access.ts';
import { API_ROOT, answerApi } from './harbor-api.ts';
import { harborGate } from './harbor-gate.ts';
import {
  type HarborProject,
  type HarborRetention,
  hasContent,
  isImmutable,
  projectIn,
  usedBytes,
} from './harbor-projects.ts';
import type { HarborSettings, HarborState } from './harbor-state.ts';
import { giveToken } from './harbor-tokens.ts';

export interface HarborOptions extends Partial<HarborSettings> {
  /** Besides `admin` with the password `Harbor12345`. */
  readonly users?: readonly HarborUser[];
  readonly robots?: readonly NewRobot[];
  readonly projects?: readonly NewProject[];
  readonly tls?: TlsIdentity;
  readonly faults?: readonly Fault[];
  /** What this version does otherwise at `/v2/`. */
  readonly quirks?: Omit<RegistryQuirks, 'projects' | 'quota' | 'immutableTags'>;
  /** Offers the referrers API; default true. */
  readonly referrers?: boolean;
  /** Milliseconds since 1970; the machine's clock. */
  readonly now?: () => number;
}

export interface NewRobot {
  readonly name: string;
  readonly secret: string;
  readonly expiresAt?: number;
  readonly disabled?: boolean;
  readonly permissions: readonly HarborPermission[];
}

export type NewProject = Partial<Omit<HarborProject, 'id'>> & { readonly name: string };

/** A running Harbor: its registry, its token service and its API under one address. */
export interface TestHarbor extends TestRegistry {
  readonly settings: HarborSettings;
  project(name: string): HarborProject | undefined;
  addProject(project: NewProject): HarborProject;
  /** With everything in it. */
  removeProject(name: string): void;
  robot(name: string): HarborRobot | undefined;
  /** Tags that match are set once: doublestar patterns, of the repository without its project. */
  keepTags(project: string, repository: string, tag: string): void;
  retain(project: string, rules: HarborRetention['rules']): void;
  /** Bytes that count against the quota. */
  used(project: string): number;
  /** Names of an artifact's labels. */
  labelsOf(repository: string, digest: Digest): string[];
  isScanned(repository: string, digest: Digest): boolean;
}

/** Starts a Harbor that enforces the rules of its API v2.0 and of its registry (see the package's README). */
export async function startHarbor(options: HarborOptions = {}): Promise<TestHarbor> {
  const state = newState(options);
  for (const project of options.projects ?? []) addProject(state, project);
  const grants = new Map<string, number>();
  const quirks = { ...options.quirks, ...rulesOf(state) };
  const uploads = new BlobUploads(state.store, quirks);
  const gate = harborGate(state, grants, options.tls === undefined ? 'http' : 'https');
  const registry = registryHandler(state.store, uploads, gate, {
    quirks,
    ...(options.referrers !== undefined && { referrers: options.referrers }),
  });
  const server = await startHttpServer(
    (request, response) => {
      if (request.path === '/service/token') return giveToken(request, state, grants);
      return request.path.startsWith(API_ROOT) ? answerApi(request, state) : registry(request, response);
    },
    { ...(options.tls && { tls: options.tls }), ...(options.faults && { faults: options.faults }) },
  );
  const base = registryOver(server, state.store, uploads, undefined);
  return Object.assign(base, powersOver(state), { expireTokens: () => grants.clear() });
}

function newState({ users = [], robots = [], now = Date.now, ...settings }: HarborOptions): HarborState {
  let last = 0;
  const nextId = (): number => ++last;
  const { version, creation, readOnly, defaultQuota, scanner, freeBytes } = settings;
  return {
    store: new RegistryStore(),
    users: [{ username: 'admin', password: 'Harbor12345', sysadmin: true }, ...users],
    robots: robots.map((robot) => ({ id: nextId(), expiresAt: -1, disabled: false, ...robot })),
    projects: new Map(),
    retentions: new Map(),
    labels: new Map(),
    labelled: new Map(),
    scans: new Map(),
    settings: {
      version: version ?? 'v2.16.0-1234abcd',
      creation: creation ?? 'everyone',
      readOnly: readOnly ?? false,
      defaultQuota: defaultQuota ?? -1,
      freeBytes: freeBytes ?? 2 ** 39,
      ...(scanner !== undefined && { scanner }),
    },
    now,
    nextId,
  };
}

type RuledBy = 'absoluteLocations' | 'octetsOnly' | 'bareReferrers' | 'quota' | 'immutableTags';

/** What its registry does by the rules of projects. */
function rulesOf({ projects, store }: HarborState): Pick<RegistryQuirks, RuledBy> {
  return {
    absoluteLocations: true,
    octetsOnly: true,
    bareReferrers: true,
    quota: (repository, digest) => {
      const project = projects.get(projectIn(repository));
      if (project === undefined || project.storageLimit < 0 || hasContent(store, project.name, digest))
        return undefined;
      return { used: usedBytes(store, project.name), limit: project.storageLimit };
    },
    immutableTags: (repository, tag) => {
      const project = projects.get(projectIn(repository));
      return project !== undefined && isImmutable(project, repository, tag);
    },
  };
}

function addProject(state: HarborState, { name, ...rest }: NewProject): HarborProject {
  const project: HarborProject = {
    id: state.nextId(),
    name,
    storageLimit: -1,
    members: new Map(),
    immutable: [],
    ...rest,
    metadata: { public: 'false', ...rest.metadata },
  };
  state.projects.set(name, project);
  return project;
}

function powersOver(state: HarborState): Omit<TestHarbor, keyof TestRegistry> {
  const { projects, store, retentions, labels, labelled, scans } = state;
  const need = (name: string): HarborProject => {
    const project = projects.get(name);
    if (project === undefined) throw new Error(`there is no project ${name}`);
    return project;
  };
  return {
    settings: state.settings,
    project: (name) => projects.get(name),
    addProject: (project) => addProject(state, project),
    removeProject: (name) => {
      projects.delete(name);
      for (const repository of store.names()) if (projectIn(repository) === name) store.remove(repository);
    },
    robot: (name) => state.robots.find((robot) => robot.name === name),
    keepTags: (name, repository, tag) => {
      const where = { kind: 'doublestar', decoration: 'repoMatches', pattern: repository } as const;
      const tags = { kind: 'doublestar', decoration: 'matches', pattern: tag } as const;
      const rule = { id: state.nextId(), tag_selectors: [tags], scope_selectors: { repository: [where] } };
      need(name).immutable.push(rule);
    },
    retain: (name, rules) => {
      const { id, metadata } = need(name);
      const policy = {
        id: state.nextId(),
        algorithm: 'or',
        rules,
        trigger: { kind: 'Schedule', settings: { cron: '0 0 0 * * *' } },
        scope: { level: 'project', ref: id },
      } as const;
      retentions.set(policy.id, policy);
      metadata['retention_id'] = String(policy.id);
    },
    used: (name) => usedBytes(store, name),
    labelsOf: (repository, digest) =>
      [...(labelled.get(`${repository}@${digest}`) ?? [])].flatMap((id) => labels.get(id)?.name ?? []),
    isScanned: (repository, digest) => scans.has(`${repository}@${digest}`),
  };
}
