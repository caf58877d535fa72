import { type Digest, digestFromHex, type FileWish } from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryPath, entryText } from './entry-schemas.ts';
import { safeName } from './safe-name.ts';
import { webUrl } from './web-url.ts';

/** One of `files` in bundle.yaml: from a URL, or a file or directory on this machine. */
export type FileEntry = UrlFileEntry | LocalFileEntry;

interface UrlFileEntry {
  readonly url: string;
  readonly sha256: string;
  readonly as: string;
}

interface LocalFileEntry {
  readonly path: string;
  readonly as: string;
}

export const fileEntry: z.ZodType<FileEntry> = z.union([
  z.strictObject({ url: entryText, sha256: z.string(), as: entryText }),
  z.strictObject({ path: entryPath, as: entryText }),
]);

export function toFileWish(entry: FileEntry): FileWish {
  const as = safeName(entry.as);
  if ('path' in entry) return { kind: 'file', path: entry.path, as };
  return { kind: 'file', url: webUrl(entry.url, 'url'), sha256: toDigest(entry.sha256), as };
}

function toDigest(hex: string): Digest {
  const bare = hex.replace(/^sha256:/, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(bare))
    throw entryProblem(`"${hex.slice(0, 80)}" is not a sha256 (64 hex digits)`, 'sha256');
  return digestFromHex(bare);
}
