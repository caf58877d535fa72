import { z } from 'zod';
import { byteSize, toBytes } from './byte-size.ts';
import { type EntryProblem, type TokenConfig, type TokenEntry, toToken } from './connection-entry.ts';
import {
  type RegistryEntry,
  type RegistryTargetConfig,
  registryProblem,
  toRegistryTarget,
} from './registry-entry.ts';

/** A Quay in site.yaml: a registry whose organisations and repositories are seen to by its API (v1), where there is a token for it. */
export interface QuayTargetConfig extends Omit<RegistryTargetConfig, 'kind'> {
  readonly kind: 'quay';
  /** An OAuth 2 access token; absent: nothing is asked and made by the API. */
  readonly token?: TokenConfig;
  readonly organizations: OrganizationsConfig;
  readonly repositories: RepositoriesConfig;
}

/** Of organisations that are missing. */
export interface OrganizationsConfig {
  readonly create: boolean;
  /** Bytes; absent: none. */
  readonly quota?: number;
}

/** Of repositories that are missing. */
export interface RepositoriesConfig {
  readonly create: boolean;
  readonly public: boolean;
}

export interface OrganizationsEntry {
  readonly create?: boolean | undefined;
  readonly quota?: number | string | undefined;
}

export interface RepositoriesEntry {
  readonly create?: boolean | undefined;
  readonly public?: boolean | undefined;
}

export const organizationsEntry: z.ZodType<OrganizationsEntry> = z.strictObject({
  create: z.boolean().optional(),
  quota: byteSize.optional(),
});

export const repositoriesEntry: z.ZodType<RepositoriesEntry> = z.strictObject({
  create: z.boolean().optional(),
  public: z.boolean().optional(),
});

/** A Quay as it stands in the file, each member judged by itself. */
export interface QuayEntry extends Omit<RegistryEntry, 'kind'> {
  readonly kind: 'quay';
  readonly token?: TokenEntry | undefined;
  readonly organizations?: OrganizationsEntry | undefined;
  readonly repositories?: RepositoriesEntry | undefined;
}

/** What must hold between the members. */
export function quayProblem(entry: QuayEntry): EntryProblem | undefined {
  const { credentials, path = '{host}/{path}', organizations, repositories } = entry;
  if (credentials === undefined)
    return { member: 'credentials', message: 'is missing: Quay lets nobody push who is not signed in' };
  const problem = organizationProblem(path);
  if (problem !== undefined) return { member: 'path', message: problem };
  if (organizations?.create === false && organizations.quota !== undefined)
    return { member: 'organizations', message: 'says what organizations are made like, and "create: false"' };
  if (repositories?.create === false && repositories.public !== undefined)
    return { member: 'repositories', message: 'says what repositories are made like, and "create: false"' };
  return registryProblem({ ...entry, kind: 'registry' });
}

/** The first part of a repository is its organisation, whose name Quay restricts (util/validation.py). */
function organizationProblem(template: string): string | undefined {
  const sample = template
    .replaceAll('{host}', 'host.example')
    .replaceAll('{path}', 'some/path')
    .replaceAll('{name}', 'path');
  const slash = sample.indexOf('/');
  if (slash < 0)
    return 'has no organization: Quay takes ORGANIZATION/REPOSITORY, for example "mirror/{name}"';
  return /^(?=.{2,255}$)[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(sample.slice(0, slash))
    ? undefined
    : 'begins with what Quay takes for no organization: two or more of lower case and digits, one . _ or - between them';
}

export function toQuayTarget(entry: QuayEntry): QuayTargetConfig {
  const { token, organizations, repositories } = entry;
  return {
    ...toRegistryTarget({ ...entry, kind: 'registry' }),
    kind: 'quay',
    ...(token !== undefined && { token: toToken(token) }),
    organizations: {
      create: organizations?.create ?? true,
      ...(organizations?.quota !== undefined && { quota: toBytes(organizations.quota) }),
    },
    repositories: { create: repositories?.create ?? true, public: repositories?.public ?? false },
  };
}
