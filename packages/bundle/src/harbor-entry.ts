import { z } from 'zod';
import { byteSize, toBytes } from './byte-size.ts';
import type { EntryProblem } from './connection-entry.ts';
import {
  type RegistryEntry,
  type RegistryTargetConfig,
  registryProblem,
  toRegistryTarget,
} from './registry-entry.ts';

/** A Harbor in site.yaml: a registry whose projects, labels and scans are seen to by its API (v2.0). */
export interface HarborTargetConfig extends Omit<RegistryTargetConfig, 'kind'> {
  readonly kind: 'harbor';
  readonly projects: ProjectsConfig;
  /** Label what a release loads with the release. */
  readonly labels: boolean;
  readonly scan: ScanConfig;
}

/** Of projects that are missing. */
export interface ProjectsConfig {
  readonly create: boolean;
  readonly public: boolean;
  /** Bytes; absent: Harbor's own default. */
  readonly quota?: number;
}

/** `within`: seconds that a scan is waited for. */
export type ScanConfig =
  | { readonly mode: 'none' | 'trigger' }
  | { readonly mode: 'await'; readonly within: number };

export interface ProjectsEntry {
  readonly create?: boolean | undefined;
  readonly public?: boolean | undefined;
  readonly quota?: number | string | undefined;
}

export const projectsEntry: z.ZodType<ProjectsEntry> = z.strictObject({
  create: z.boolean().optional(),
  public: z.boolean().optional(),
  quota: byteSize.optional(),
});
export const scanEntry: z.ZodType<'none' | 'trigger' | 'await'> = z.enum(['none', 'trigger', 'await']);

/** Members of members, for suggestions. */
export const HARBOR_MEMBERS: readonly string[] = ['create', 'public', 'quota'];

/** A Harbor as it stands in the file, each member judged by itself. */
export interface HarborEntry extends Omit<RegistryEntry, 'kind'> {
  readonly kind: 'harbor';
  readonly projects?: ProjectsEntry | undefined;
  readonly labels?: boolean | undefined;
  readonly scan?: 'none' | 'trigger' | 'await' | undefined;
  readonly scanWithin?: number | undefined;
}

/** What must hold between the members. */
export function harborProblem(entry: HarborEntry): EntryProblem | undefined {
  const { credentials, path = '{host}/{path}', projects, scan, scanWithin } = entry;
  if (credentials === undefined)
    return { member: 'credentials', message: 'is missing: Harbor is asked for its projects by its API' };
  const problem = projectProblem(path);
  if (problem !== undefined) return { member: 'path', message: problem };
  if (projects?.create === false && (projects.public !== undefined || projects.quota !== undefined))
    return { member: 'projects', message: 'says what projects are made like, and "create: false"' };
  if (scanWithin !== undefined && scan !== 'await')
    return { member: 'scanWithin', message: 'belongs to "scan: await"' };
  return registryProblem({ ...entry, kind: 'registry' });
}

/** The first part of a repository is its project, whose name Harbor restricts. */
function projectProblem(template: string): string | undefined {
  const sample = template
    .replaceAll('{host}', 'host.example')
    .replaceAll('{path}', 'some/path')
    .replaceAll('{name}', 'path');
  const slash = sample.indexOf('/');
  if (slash < 0) return 'has no project: Harbor takes PROJECT/REPOSITORY, for example "mirror/{name}"';
  return isHarborProject(sample.slice(0, slash))
    ? undefined
    : 'begins with what Harbor takes for no project: lower case and digits, one . _ or - between them';
}

/** Harbor's rule for names of projects. */
function isHarborProject(name: string): boolean {
  return /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name);
}

export function toHarborTarget(entry: HarborEntry): HarborTargetConfig {
  const { projects, labels = false, scan = 'none', scanWithin = 600 } = entry;
  return {
    ...toRegistryTarget({ ...entry, kind: 'registry' }),
    kind: 'harbor',
    projects: {
      create: projects?.create ?? true,
      public: projects?.public ?? false,
      ...(projects?.quota !== undefined && { quota: toBytes(projects.quota) }),
    },
    labels,
    scan: scan === 'await' ? { mode: scan, within: scanWithin } : { mode: scan },
  };
}
