import { z } from 'zod';
import { credentialsEntry, type EntryProblem, tokenEntry } from './connection-entry.ts';
import { entryPath } from './entry-schemas.ts';
import { FORMATS } from './formats.ts';
import {
  GIT_HOST_MEMBERS,
  type GitHostTargetConfig,
  gitHostProblem,
  gitPlaceUrl,
  gitTemplate,
  gitWebUrl,
  refsEntry,
  sshEntry,
  toGitHostTarget,
} from './git-host-entry.ts';
import {
  type GitlabRegistryTargetConfig,
  gitlabRegistryProblem,
  projectTemplate,
  toGitlabRegistryTarget,
} from './gitlab-registry-entry.ts';
import {
  HARBOR_MEMBERS,
  type HarborTargetConfig,
  harborProblem,
  projectsEntry,
  scanEntry,
  toHarborTarget,
} from './harbor-entry.ts';
import { hostName } from './host-entry.ts';
import type { ItemKind } from './manifest.ts';
import { configError, parseYaml } from './parse-yaml.ts';
import {
  organizationsEntry,
  type QuayTargetConfig,
  quayProblem,
  repositoriesEntry,
  toQuayTarget,
} from './quay-entry.ts';
import {
  pathTemplate,
  type RegistryTargetConfig,
  registryProblem,
  registryUrl,
  toRegistryTarget,
} from './registry-entry.ts';
import {
  bucketName,
  keyTemplate,
  latestTemplate,
  lockEntry,
  regionName,
  S3_MEMBERS,
  type S3TargetConfig,
  s3Endpoint,
  s3Problem,
  tagsEntry,
  toS3Target,
} from './s3-entry.ts';
import { nameSchema } from './schemas.ts';
import {
  type DirectoryTargetConfig,
  toTreeTarget,
  treeProblem,
  treeTemplate,
  treeUrl,
  type WebdavTargetConfig,
} from './tree-entry.ts';

/** A parsed site.yaml: the inside's configuration. Paths are as written, relative to the file. */
export interface SiteConfig {
  readonly name: string;
  /** trust.yaml */
  readonly trust: string;
  /** Private key that signs receipts. */
  readonly key: string;
  /** Directory for pin, marks, ledger, receipts and quarantine. */
  readonly state: string;
  readonly targets: readonly TargetConfig[];
}

/** The first target whose `takes` names an item's kind takes it. */
export type TargetConfig =
  | DepotTargetConfig
  | RegistryTargetConfig
  | HarborTargetConfig
  | QuayTargetConfig
  | GitlabRegistryTargetConfig
  | GitHostTargetConfig
  | S3TargetConfig
  | DirectoryTargetConfig
  | WebdavTargetConfig;

export interface DepotTargetConfig {
  readonly name: string;
  readonly kind: 'depot';
  /** Directory of the embedded depot. */
  readonly path: string;
  readonly takes: readonly ItemKind[];
}

const KINDS = { images: 'image', charts: 'chart', git: 'git', files: 'file' } as const satisfies Record<
  string,
  ItemKind
>;
const text = z.string().min(1).max(1000);
const depotEntry = z.strictObject({
  name: nameSchema,
  kind: z.literal('depot'),
  path: text,
  takes: z
    .array(z.enum(['images', 'charts', 'git', 'files']))
    .min(1)
    .optional(),
});
const connection = {
  credentials: credentialsEntry.optional(),
  ca: entryPath.optional(),
  cert: entryPath.optional(),
  key: entryPath.optional(),
  insecure: z.boolean().optional(),
  also: z.array(hostName).max(100).optional(),
  patience: z.number().int().min(1).max(3600).optional(),
};
const connections = z.number().int().min(1).max(256).optional();
const registryEntry = z.strictObject({
  name: nameSchema,
  kind: z.literal('registry'),
  url: registryUrl,
  path: pathTemplate.optional(),
  takes: z
    .array(z.enum(['images', 'charts']))
    .min(1)
    .optional(),
  ...connection,
  connections,
});
const harborEntry = registryEntry.extend({
  kind: z.literal('harbor'),
  projects: projectsEntry.optional(),
  labels: z.boolean().optional(),
  scan: scanEntry.optional(),
  scanWithin: z.number().int().min(1).max(86_400).optional(),
});
const quayEntry = registryEntry.extend({
  kind: z.literal('quay'),
  token: tokenEntry.optional(),
  organizations: organizationsEntry.optional(),
  repositories: repositoriesEntry.optional(),
});
const gitlabVisibility = z.enum(['private', 'internal', 'public']);
const gitlabRegistryEntry = registryEntry.extend({
  kind: z.literal('gitlab-registry'),
  gitlab: gitWebUrl,
  token: tokenEntry.optional(),
  project: projectTemplate.optional(),
  create: z.boolean().optional(),
  visibility: gitlabVisibility.optional(),
});
const gitHostEntry = z.strictObject({
  name: nameSchema,
  path: gitTemplate.optional(),
  takes: z
    .array(z.enum(['git']))
    .min(1)
    .optional(),
  ...connection,
  ssh: sshEntry.optional(),
  refs: refsEntry.optional(),
});
const giteaEntry = gitHostEntry.extend({
  kind: z.literal('gitea'),
  url: gitWebUrl,
  visibility: z.enum(['private', 'public']).optional(),
});
const gitlabEntry = gitHostEntry.extend({
  kind: z.literal('gitlab'),
  url: gitWebUrl,
  visibility: gitlabVisibility.optional(),
});
const gitEntry = gitHostEntry.extend({ kind: z.literal('git'), url: gitPlaceUrl });
const s3Entry = z.strictObject({
  name: nameSchema,
  kind: z.literal('s3'),
  endpoint: s3Endpoint,
  region: regionName.optional(),
  bucket: bucketName,
  pathStyle: z.boolean().optional(),
  create: z.boolean().optional(),
  keys: keyTemplate.optional(),
  takes: z
    .array(z.enum(['files'], { error: 'must be files' }))
    .min(1)
    .optional(),
  overwrite: z.enum(['refuse', 'replace', 'version']).optional(),
  foreign: z.enum(['refuse', 'read']).optional(),
  lock: lockEntry.optional(),
  legalHold: z.boolean().optional(),
  latest: latestTemplate.optional(),
  keep: z.number().int().min(1).max(1000).optional(),
  tags: tagsEntry.optional(),
  ...connection,
  connections,
});
const treeEntry = z.strictObject({
  name: nameSchema,
  path: treeTemplate.optional(),
  takes: z
    .array(z.enum(['files'], { error: 'must be files' }))
    .min(1)
    .optional(),
  prune: z.boolean().optional(),
  keep: z.number().int().min(1).max(1000).optional(),
});
const directoryEntry = treeEntry.extend({ kind: z.literal('directory'), directory: entryPath });
const webdavEntry = treeEntry.extend({
  kind: z.literal('webdav'),
  url: treeUrl,
  ...connection,
  connections,
});
const targetEntry = z.discriminatedUnion(
  'kind',
  [
    depotEntry,
    registryEntry,
    harborEntry,
    quayEntry,
    gitlabRegistryEntry,
    giteaEntry,
    gitlabEntry,
    gitEntry,
    s3Entry,
    directoryEntry,
    webdavEntry,
  ],
  {
    error: ({ code }) =>
      code === 'invalid_union'
        ? 'must be depot, registry, harbor, quay, gitlab-registry, gitea, gitlab, git, s3, directory or webdav'
        : undefined,
  },
);
const schema = z.strictObject({
  format: z.literal(FORMATS.site),
  name: nameSchema,
  trust: text,
  key: text,
  state: text.optional(),
  targets: z.array(targetEntry).min(1).max(100),
});
const KNOWN = [
  ...[
    schema,
    depotEntry,
    harborEntry,
    quayEntry,
    gitlabRegistryEntry,
    giteaEntry,
    s3Entry,
    directoryEntry,
  ].flatMap(({ shape }) => Object.keys(shape)),
  ...GIT_HOST_MEMBERS,
  ...S3_MEMBERS,
  ...HARBOR_MEMBERS,
];

/** Parses site.yaml. Throws `CONFIG_INVALID` with every problem at once. */
export function parseSiteConfig(source: string, file: string): SiteConfig {
  const yaml = parseYaml(source, file, 'site', schema, () => KNOWN);
  const { name, trust, key, state = 'state', targets } = yaml.value;
  const names = targets.map((target) => target.name);
  const problems = targets.flatMap((target, i) => {
    const found = problemOf(target);
    return [
      ...(names.indexOf(target.name) === i
        ? []
        : [yaml.problem(['targets', i, 'name'], `"${target.name}" is the name of another target already`)]),
      ...(found === undefined ? [] : [yaml.problem(['targets', i, found.member], found.message)]),
    ];
  });
  if (problems.length > 0) throw configError(file, problems);
  return { name, trust, key, state, targets: targets.map(toTarget) };
}

function problemOf(entry: z.infer<typeof targetEntry>): EntryProblem | undefined {
  if (entry.kind === 'depot') return undefined;
  if (entry.kind === 's3') return s3Problem(entry);
  if (entry.kind === 'harbor') return harborProblem(entry);
  if (entry.kind === 'quay') return quayProblem(entry);
  if (entry.kind === 'gitlab-registry') return gitlabRegistryProblem(entry);
  if (entry.kind === 'directory' || entry.kind === 'webdav') return treeProblem(entry);
  return entry.kind === 'registry' ? registryProblem(entry) : gitHostProblem(entry);
}

function toTarget(entry: z.infer<typeof targetEntry>): TargetConfig {
  if (entry.kind === 'registry') return toRegistryTarget(entry);
  if (entry.kind === 'harbor') return toHarborTarget(entry);
  if (entry.kind === 'quay') return toQuayTarget(entry);
  if (entry.kind === 'gitlab-registry') return toGitlabRegistryTarget(entry);
  if (entry.kind === 's3') return toS3Target(entry);
  if (entry.kind === 'directory' || entry.kind === 'webdav') return toTreeTarget(entry);
  if (entry.kind !== 'depot') return toGitHostTarget(entry);
  const takes = entry.takes ?? (['images', 'charts', 'git', 'files'] as const);
  return {
    name: entry.name,
    kind: entry.kind,
    path: entry.path,
    takes: takes.map((plural) => KINDS[plural]),
  };
}

/** JSON Schema of site.yaml for editors. */
export function siteJsonSchema(): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
