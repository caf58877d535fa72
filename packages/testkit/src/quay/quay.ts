import type { Fault } from '../http/fault.ts';
import { startHttpServer } from '../http/http-server.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { BlobUploads } from '../registry/blob-uploads.ts';
import { registryOver, type TestRegistry } from '../registry/registry.ts';
import { registryHandler } from '../registry/registry-handler.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import type { TlsIdentity } from '../tls-identity.ts';
import { answerQuayApi, QUAY_API } from './quay-api.ts';
import { quayGate } from './quay-gate.ts';
import {
  newRepository,
  type QuayOrganization,
  type QuayRepository,
  type QuayRobot,
  type QuayRole,
  type QuaySettings,
  type QuayState,
  type QuayToken,
  type QuayUser,
  usedBytes,
} from './quay-state.ts';
import { giveToken, type QuayGrants } from './quay-tokens.ts';

export interface QuayOptions extends Partial<QuaySettings> {
  /** Besides the superuser `admin` with the password `quay12345`. */
  readonly users?: readonly QuayUser[];
  /** Besides `ADMIN_TOKEN`, which may do everything that `admin` may. */
  readonly tokens?: readonly QuayToken[];
  readonly robots?: readonly QuayRobot[];
  readonly organizations?: readonly NewQuayOrganization[];
  /** Private ones: `org/name`. */
  readonly repositories?: readonly string[];
  readonly tls?: TlsIdentity;
  readonly faults?: readonly Fault[];
  /** FEATURE_REFERRERS_API; default true, as since 3.12. */
  readonly referrers?: boolean;
}

export interface NewQuayOrganization extends Partial<Omit<QuayOrganization, 'members'>> {
  readonly name: string;
  /** `admin` is its administrator. */
  readonly members?: Readonly<Record<string, QuayRole>>;
}

export const QUAY_ADMIN_TOKEN = 'quay-admin-token';
const ALL_SCOPES = ['repo:admin', 'repo:create', 'user:admin', 'org:admin', 'super:user'];

/** A running Quay: its registry, its token service and its API under one address. */
export interface TestQuay extends TestRegistry {
  readonly settings: QuaySettings;
  organization(name: string): QuayOrganization | undefined;
  repository(path: string): QuayRepository | undefined;
  readonly tokens: QuayToken[];
  readonly robots: QuayRobot[];
  removeOrganization(name: string): void;
  /** Bytes that count against the quota. */
  used(organization: string): number;
}

/** Starts a Quay that enforces the rules of its API v1 and of its registry, as the sources of quay/quay say them (see the package's README). */
export async function startQuay(options: QuayOptions = {}): Promise<TestQuay> {
  const state = newState(options);
  const grants: QuayGrants = new Map();
  const quirks = { absoluteLocations: false } as const;
  const uploads = new BlobUploads(state.store, quirks);
  const gate = quayGate(state, grants, options.tls === undefined ? 'http' : 'https');
  const registry = registryHandler(state.store, uploads, gate, {
    quirks,
    ...(options.referrers !== undefined && { referrers: options.referrers }),
  });
  const server = await startHttpServer(
    (request, response) => {
      if (request.path === '/v2/auth') return giveToken(request, state, grants);
      if (request.path === '/config') return config(state);
      return request.path.startsWith(QUAY_API) ? answerQuayApi(request, state) : registry(request, response);
    },
    { ...(options.tls && { tls: options.tls }), ...(options.faults && { faults: options.faults }) },
  );
  const base = registryOver(server, state.store, uploads, undefined);
  return Object.assign(base, powersOver(state), { expireTokens: () => grants.clear() });
}

/** What its pages are told (endpoints/web.py: config): everybody may ask. */
function config({ settings }: QuayState): Reply {
  if (!settings.tellsConfig) return { status: 404 };
  return jsonReply(200, {
    registry_state: settings.readOnly ? 'readonly' : 'normal',
    version_number: settings.version,
    config: {},
    features: {
      EXTENDED_REPOSITORY_NAMES: settings.nestedNames,
      QUOTA_MANAGEMENT: settings.quotas,
      PROXY_CACHE: settings.proxyCaches,
      AUTO_PRUNE: settings.autoPrune,
      IMMUTABLE_TAGS: settings.immutableTags,
    },
  });
}

function newState(options: QuayOptions): QuayState {
  let last = 0;
  const { users = [], tokens = [], robots = [], organizations = [], repositories = [] } = options;
  return {
    store: new RegistryStore(),
    users: [{ username: 'admin', password: 'quay12345', superuser: true }, ...users],
    tokens: [{ token: QUAY_ADMIN_TOKEN, username: 'admin', scopes: ALL_SCOPES }, ...tokens],
    robots: robots.map((robot) => ({ ...robot })),
    organizations: new Map(
      organizations.map(({ members = {}, prunes = [], ...each }) => [
        each.name,
        {
          ...each,
          prunes: [...prunes],
          members: new Map<string, QuayRole>([['admin', 'admin'], ...Object.entries(members)]),
        },
      ]),
    ),
    repositories: new Map(repositories.map((path) => [path, newRepository(path, false)])),
    settings: settingsOf(options),
    nextId: () => ++last,
  };
}

function settingsOf(options: QuayOptions): QuaySettings {
  return {
    nestedNames: options.nestedNames ?? true,
    readOnly: options.readOnly ?? false,
    organizationOnPush: options.organizationOnPush ?? false,
    privateOnPush: options.privateOnPush ?? true,
    superusersMakeOrganizations: options.superusersMakeOrganizations ?? false,
    mails: options.mails ?? false,
    quotas: options.quotas ?? true,
    proxyCaches: options.proxyCaches ?? true,
    autoPrune: options.autoPrune ?? true,
    immutableTags: options.immutableTags ?? true,
    tellsConfig: options.tellsConfig ?? true,
    version: options.version ?? '3.15.1',
  };
}

function powersOver(state: QuayState): Omit<TestQuay, keyof TestRegistry> {
  const { organizations, repositories, store } = state;
  return {
    settings: state.settings,
    tokens: state.tokens,
    robots: state.robots,
    organization: (name) => organizations.get(name),
    repository: (path) => repositories.get(path),
    removeOrganization: (name) => {
      organizations.delete(name);
      for (const path of [...repositories.keys()].filter((each) => each.startsWith(`${name}/`))) {
        repositories.delete(path);
        store.remove(path);
      }
    },
    used: (organization) => usedBytes(state, organization),
  };
}
