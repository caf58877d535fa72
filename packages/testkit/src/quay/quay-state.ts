import type { RegistryStore } from '../registry/registry-store.ts';

export type QuayRole = 'admin' | 'creator' | 'member';
export type QuayRepositoryRole = 'read' | 'write' | 'admin';

export interface QuayUser {
  readonly username: string;
  readonly password: string;
  readonly superuser?: boolean;
}

/** An OAuth 2 access token of an application, which acts for a user within its scopes: `repo:create`, `org:admin`, `user:admin`… (auth/scopes.py). */
export interface QuayToken {
  readonly token: string;
  readonly username: string;
  readonly scopes: readonly string[];
}

export interface QuayRobot {
  /** `org+robot`. */
  readonly name: string;
  token: string;
}

export interface QuayOrganization {
  readonly name: string;
  /** Users and robots by their role in teams of the organisation. */
  readonly members: Map<string, QuayRole>;
  quota?: { readonly id: number; limit: number; rejectPercent?: number };
  /** The registry that it caches. */
  proxyOf?: string;
  /** Auto-prune policies. */
  readonly prunes: Array<{ readonly method: string; readonly value: number | string }>;
  disabled?: boolean;
}

export interface QuayRepository {
  /** `org/name`, nested where the feature is on. */
  readonly path: string;
  public: boolean;
  description: string;
  state: 'NORMAL' | 'READ_ONLY' | 'MIRROR';
  /** Users and robots. */
  readonly permissions: Map<string, QuayRepositoryRole>;
  /** Tags that nobody may move or delete. */
  readonly immutable: Set<string>;
}

/** Of its config.yaml. */
export interface QuaySettings {
  /** FEATURE_EXTENDED_REPOSITORY_NAMES. */
  nestedNames: boolean;
  /** REGISTRY_STATE. */
  readOnly: boolean;
  /** CREATE_NAMESPACE_ON_PUSH. */
  organizationOnPush: boolean;
  /** CREATE_PRIVATE_REPO_ON_PUSH. */
  privateOnPush: boolean;
  /** FEATURE_SUPERUSERS_ORG_CREATION_ONLY. */
  superusersMakeOrganizations: boolean;
  /** FEATURE_MAILING: an organisation wants an address. */
  mails: boolean;
  /** FEATURE_QUOTA_MANAGEMENT, FEATURE_PROXY_CACHE, FEATURE_AUTO_PRUNE, FEATURE_IMMUTABLE_TAGS. */
  quotas: boolean;
  proxyCaches: boolean;
  autoPrune: boolean;
  immutableTags: boolean;
  /** Is `/config` answered? Proxies in front may not let it through. */
  tellsConfig: boolean;
  version: string;
}

/** Everything the fake keeps besides blobs and manifests. */
export interface QuayState {
  readonly store: RegistryStore;
  readonly users: readonly QuayUser[];
  readonly tokens: QuayToken[];
  readonly robots: QuayRobot[];
  readonly organizations: Map<string, QuayOrganization>;
  readonly repositories: Map<string, QuayRepository>;
  readonly settings: QuaySettings;
  nextId(): number;
}

/** `docker.io` of `docker.io/library/nginx`. */
export function namespaceOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

/** What Quay takes as the name of an organisation (util/validation.py). */
export function isNamespace(name: string): boolean {
  return name.length >= 2 && name.length <= 255 && /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name);
}

/** The name of a repository below its organisation (util/names.py: REPOSITORY_NAME_REGEX, and the extended one). */
export function isRepositoryName(name: string, nested: boolean): boolean {
  const parts = name.split('/');
  return (
    name.length <= 255 &&
    (nested || parts.length === 1) &&
    parts.every((part) => /^[a-z0-9][.a-z0-9_-]*$/.test(part))
  );
}

/** Bytes of an organisation: each blob and manifest once for each repository. */
export function usedBytes({ store }: QuayState, organization: string): number {
  const sizes = new Map<string, number>();
  for (const name of store.names().filter((each) => namespaceOf(each) === organization)) {
    const { blobs, manifests } = store.get(name);
    for (const [digest, { size }] of blobs) sizes.set(digest, size);
    for (const [digest, { bytes }] of manifests) sizes.set(digest, bytes.byteLength);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Is the quota of the organisation reached? Without a limit of the type Reject it only warns. */
export function isFull(state: QuayState, organization: string): boolean {
  const quota = state.organizations.get(organization)?.quota;
  if (!state.settings.quotas || quota?.rejectPercent === undefined) return false;
  return usedBytes(state, organization) >= (quota.limit * quota.rejectPercent) / 100;
}

export function newRepository(path: string, isPublic: boolean, description = ''): QuayRepository {
  return {
    path,
    public: isPublic,
    description,
    state: 'NORMAL',
    permissions: new Map(),
    immutable: new Set(),
  };
}
