import type { z } from 'zod';
import { entryText } from './entry-schemas.ts';
import { hostName } from './host-entry.ts';
import {
  type CredentialsConfig,
  type CredentialsEntry,
  type EntryProblem,
  isLoopback,
  toCredentials,
} from './registry-entry.ts';
import { keyTemplate, latestTemplate } from './s3-entry.ts';

interface TreeTargetConfig {
  readonly name: string;
  /** Template of paths: `{channel}/{version}/{path}`, or without `{version}` and `{sequence}`, where files keep their paths from release to release. */
  readonly path: string;
  readonly takes: readonly 'file'[];
  /** Files that a release no longer has go, where paths stay. */
  readonly prune: boolean;
  /** Releases that stay, the new one included, where each has paths of its own; absent: all of them. */
  readonly keep?: number;
}

/** A plain directory in site.yaml. */
export interface DirectoryTargetConfig extends TreeTargetConfig {
  readonly kind: 'directory';
  /** Relative to site.yaml. */
  readonly directory: string;
}

/** A WebDAV server in site.yaml. Files are named, not read; paths are relative to site.yaml. */
export interface WebdavTargetConfig extends TreeTargetConfig {
  readonly kind: 'webdav';
  /** `https://host[:port][/path]` without a slash at the end; `http://` only for loopback addresses and with `insecure`. */
  readonly url: string;
  readonly credentials?: CredentialsConfig;
  /** Certificates in PEM that are trusted for it besides the system's. */
  readonly ca?: string;
  /** Client certificate and key in PEM, both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** Plain HTTP, or TLS with any certificate. */
  readonly insecure: boolean;
  /** Other hosts that it may send to. */
  readonly also: readonly string[];
  /** Requests under way at once. */
  readonly connections?: number;
}

const BY_RELEASE = /\{(?:version|sequence)\}/;

/** Judged as S3 keys are; both layouts are good. */
export const treeTemplate: z.ZodType<string, string> = entryText.superRefine((path, context) => {
  const judged = (BY_RELEASE.test(path) ? keyTemplate : latestTemplate).safeParse(path);
  for (const { message } of judged.error?.issues ?? []) context.addIssue({ code: 'custom', message });
});

export const treeUrl: z.ZodType<string, string> = entryText.superRefine((text, context) => {
  const problem = urlProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

interface TreeEntry {
  readonly name: string;
  readonly path?: string | undefined;
  readonly takes?: readonly 'files'[] | undefined;
  readonly prune?: boolean | undefined;
  readonly keep?: number | undefined;
}

export interface DirectoryEntry extends TreeEntry {
  readonly kind: 'directory';
  readonly directory: string;
}

export interface WebdavEntry extends TreeEntry {
  readonly kind: 'webdav';
  readonly url: string;
  readonly credentials?: CredentialsEntry | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly also?: readonly string[] | undefined;
  readonly connections?: number | undefined;
}

/** What must hold between the members. */
export function treeProblem(entry: DirectoryEntry | WebdavEntry): EntryProblem | undefined {
  const isByRelease = BY_RELEASE.test(entry.path ?? DEFAULT_PATH);
  if (isByRelease && entry.prune === true)
    return {
      member: 'prune',
      message: 'is for paths that stay; here each release has its own: say how many stay with "keep"',
    };
  if (!isByRelease && entry.keep !== undefined)
    return { member: 'keep', message: 'needs {version} or {sequence} in "path"; there is "prune: true"' };
  return entry.kind === 'webdav' ? webdavProblem(entry) : undefined;
}

export function toTreeTarget(
  entry: DirectoryEntry | WebdavEntry,
): DirectoryTargetConfig | WebdavTargetConfig {
  const base = {
    name: entry.name,
    path: entry.path ?? DEFAULT_PATH,
    takes: ['file'] as const,
    prune: entry.prune ?? false,
    ...(entry.keep !== undefined && { keep: entry.keep }),
  };
  if (entry.kind === 'directory') return { ...base, kind: entry.kind, directory: entry.directory };
  const { kind, ca, cert, key, connections, credentials } = entry;
  return {
    ...base,
    kind,
    url: new URL(entry.url).href.replace(/\/+$/, ''),
    ...(credentials !== undefined && { credentials: toCredentials(credentials) }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    insecure: entry.insecure ?? false,
    also: (entry.also ?? []).map((host) => host.toLowerCase()),
    ...(connections !== undefined && { connections }),
  };
}

const DEFAULT_PATH = '{channel}/{version}/{path}';

function webdavProblem({ cert, key, url, insecure }: WebdavEntry): EntryProblem | undefined {
  if ((cert === undefined) !== (key === undefined))
    return {
      member: cert === undefined ? 'key' : 'cert',
      message: 'a client certificate has two files: "cert" and "key"',
    };
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || insecure === true || isLoopback(hostname)) return undefined;
  return {
    member: 'url',
    message: 'is plain HTTP: write https://, or "insecure: true" where the network in between is trusted',
  };
}

/** What stands there is not repeated: it may be a password. */
function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !hostName.safeParse(url.host).success)
    return 'must be https://HOST/PATH or https://HOST:PORT/PATH';
  if (url.username !== '' || url.password !== '')
    return 'must not carry credentials: name where they are in "credentials"';
  if (url.search !== '' || url.hash !== '') return 'must be https://HOST/PATH, without ? and #';
  return undefined;
}
