import { z } from 'zod';
import {
  type ConnectionConfig,
  type ConnectionEntry,
  clientCertificateProblem,
  type EntryProblem,
  plainHttpProblem,
  toConnection,
} from './connection-entry.ts';
import { entryPath, entryText } from './entry-schemas.ts';
import { templateProblem } from './path-template.ts';

/** A Git host in site.yaml. Files are named, not read; paths are relative to site.yaml. */
export interface GitHostTargetConfig extends Omit<ConnectionConfig, 'also' | 'connections'> {
  readonly name: string;
  /** `gitea` is Forgejo as well; `git` is a plain place of bare repositories. */
  readonly kind: 'gitea' | 'gitlab' | 'git';
  /** Without a slash at the end. Of Gitea and GitLab: where their web pages are. Of a plain place: `https:`, `http:`, `ssh:` or `file:` with a path, or a path of this machine as written. */
  readonly url: string;
  /** How an upstream repository is mapped: `{host}/{path}`. */
  readonly path: string;
  readonly takes: readonly 'git'[];
  /** Of what is made there. */
  readonly visibility: 'private' | 'internal' | 'public';
  /** Hosts besides its own that its Git LFS may send us to: `host[:port]` in lower case; absent: none. */
  readonly also?: readonly string[];
  /** Repositories are pushed over SSH. */
  readonly ssh?: SshConfig;
  readonly refs: RefsPolicyConfig;
}

export interface SshConfig {
  /** `ssh://git@host:port`, for Gitea and GitLab, whose `url` is that of the API. */
  readonly url?: string;
  /** Private key; the agent and ssh's own defaults otherwise. */
  readonly key?: string;
  /** The user's own otherwise. */
  readonly knownHosts?: string;
}

/** What is done to refs that differ from those of a release. */
export interface RefsPolicyConfig {
  readonly force: 'backup' | 'refuse';
  readonly tags: 'keep' | 'move';
  readonly prune: boolean;
  readonly protected: 'refuse' | 'lift';
}

export interface SshEntry {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly knownHosts?: string | undefined;
}

export const sshEntry: z.ZodType<SshEntry> = z.strictObject({
  url: z
    .string()
    .max(1000)
    .regex(
      /^ssh:\/\/(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9[][A-Za-z0-9.[\]:-]*(?:\/[A-Za-z0-9._~/-]*)?$/,
      {
        error: 'must be ssh://USER@HOST or ssh://USER@HOST:PORT',
      },
    )
    .optional(),
  key: entryPath.optional(),
  knownHosts: entryPath.optional(),
});

export type RefsEntry = {
  readonly [Member in keyof RefsPolicyConfig]?: RefsPolicyConfig[Member] | undefined;
};

export const refsEntry: z.ZodType<RefsEntry> = z.strictObject({
  force: z.enum(['backup', 'refuse']).optional(),
  tags: z.enum(['keep', 'move']).optional(),
  prune: z.boolean().optional(),
  protected: z.enum(['refuse', 'lift']).optional(),
});

const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
export const gitTemplate: z.ZodType<string, string> = entryText.superRefine((path, context) => {
  const problem = templateProblem(
    path,
    (name) => name.split('/').every((part) => PART.test(part)),
    'letters, digits',
  );
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** Of a hosting product. */
export const gitWebUrl: z.ZodType<string, string> = checkedUrl(
  ['https:', 'http:'],
  'must be https://HOST or https://HOST:PORT',
);

/** Of a plain place. */
export const gitPlaceUrl: z.ZodType<string, string> = checkedUrl(
  ['https:', 'http:', 'ssh:', 'file:'],
  'must be https://HOST/PATH, ssh://USER@HOST/PATH or a directory',
);

/** Members of members, for suggestions. */
export const GIT_HOST_MEMBERS: readonly string[] = [
  'url',
  'key',
  'knownHosts',
  'force',
  'tags',
  'prune',
  'protected',
];

/** A Git host as it stands in the file, each member judged by itself. */
export interface GitHostEntry extends Omit<ConnectionEntry, 'connections'> {
  readonly name: string;
  readonly kind: GitHostTargetConfig['kind'];
  readonly url: string;
  readonly path?: string | undefined;
  readonly takes?: readonly 'git'[] | undefined;
  readonly visibility?: GitHostTargetConfig['visibility'] | undefined;
  readonly ssh?: SshEntry | undefined;
  readonly refs?: RefsEntry | undefined;
}

/** What must hold between the members. */
export function gitHostProblem(entry: GitHostEntry): EntryProblem | undefined {
  const { url, ssh, kind, credentials } = entry;
  const certificate = clientCertificateProblem(entry);
  if (certificate !== undefined) return certificate;
  if (credentials === 'docker' || (credentials !== undefined && 'docker' in credentials))
    return {
      member: 'credentials',
      message: 'must be {env: NAME} or {file: PATH}: Docker keeps none for Git hosts',
    };
  if (kind !== 'git' && ssh !== undefined && ssh.url === undefined)
    return { member: 'ssh', message: 'has no "url": repositories are pushed to ssh://git@HOST' };
  if (kind === 'git' && (ssh?.url !== undefined || (ssh !== undefined && schemeOf(url) !== 'ssh:')))
    return { member: 'ssh', message: 'belongs to a "url" that is ssh://…, and has no "url" of its own' };
  if (kind !== 'git' && credentials === undefined)
    return { member: 'credentials', message: 'is missing: {env: NAME} or {file: PATH} with user:token' };
  return plainHttpProblem(entry, url, 'url');
}

export function toGitHostTarget(entry: GitHostEntry): GitHostTargetConfig {
  const { name, kind, ssh, refs } = entry;
  const { also, ...connection } = toConnection(entry);
  return {
    name,
    kind,
    url: schemeOf(entry.url) === undefined ? entry.url : new URL(entry.url).href.replace(/\/+$/, ''),
    path: entry.path ?? '{host}/{path}',
    takes: ['git'],
    visibility: entry.visibility ?? 'private',
    ...connection,
    ...(also.length > 0 && { also }),
    ...(ssh !== undefined && { ssh: toSsh(ssh) }),
    refs: {
      force: refs?.force ?? 'backup',
      tags: refs?.tags ?? 'keep',
      prune: refs?.prune ?? false,
      protected: refs?.protected ?? 'refuse',
    },
  };
}

function toSsh({ url, key, knownHosts }: SshEntry): SshConfig {
  return {
    ...(url !== undefined && { url: url.replace(/\/+$/, '') }),
    ...(key !== undefined && { key }),
    ...(knownHosts !== undefined && { knownHosts }),
  };
}

/** Undefined for a path of this machine. */
function schemeOf(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? URL.parse(url)?.protocol : undefined;
}

/** What stands there is not repeated: it may be a password. */
function checkedUrl(schemes: readonly string[], must: string): z.ZodType<string, string> {
  return entryText.superRefine((text, context) => {
    const problem = urlProblem(text, schemes, must);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

function urlProblem(text: string, schemes: readonly string[], must: string): string | undefined {
  const takesPaths = schemes.includes('file:');
  if (takesPaths && !/^[a-z][a-z0-9+.-]*:/i.test(text)) return text.startsWith('-') ? must : undefined;
  const url = URL.parse(text);
  if (url === null || !schemes.includes(url.protocol) || !/^[a-z]+:\/\//i.test(text)) return must;
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:'))
    return 'must not carry credentials: name where they are in "credentials"';
  if (url.search !== '' || url.hash !== '' || (url.protocol === 'file:') !== (url.host === '')) return must;
  if (/^-|[\p{Cc} \\]/u.test(decodeURI(url.host + url.username))) return must;
  return undefined;
}
