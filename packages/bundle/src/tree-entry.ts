import type { z } from 'zod';
import {
  type ConnectionConfig,
  type ConnectionEntry,
  clientCertificateProblem,
  type EntryProblem,
  plainHttpProblem,
  toConnection,
} from './connection-entry.ts';
import { entryText } from './entry-schemas.ts';
import { hostName } from './host-entry.ts';
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
export interface WebdavTargetConfig extends TreeTargetConfig, ConnectionConfig {
  readonly kind: 'webdav';
  /** `https://host[:port][/path]` without a slash at the end; `http://` only for loopback addresses and with `insecure`. */
  readonly url: string;
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

export interface WebdavEntry extends TreeEntry, ConnectionEntry {
  readonly kind: 'webdav';
  readonly url: string;
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
  if (entry.kind === 'directory') return undefined;
  return clientCertificateProblem(entry) ?? plainHttpProblem(entry, entry.url, 'url');
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
  return {
    ...base,
    kind: entry.kind,
    url: new URL(entry.url).href.replace(/\/+$/, ''),
    ...toConnection(entry),
  };
}

const DEFAULT_PATH = '{channel}/{version}/{path}';

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
