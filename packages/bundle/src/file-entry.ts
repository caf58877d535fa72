import { type Digest, digestFromHex, type FileWish } from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryText } from './entry-schemas.ts';
import { safeName } from './safe-name.ts';
import { webUrl } from './web-url.ts';

/** One of `files` in bundle.yaml. */
export interface FileEntry {
  readonly url: string;
  readonly sha256: string;
  readonly as: string;
}

export const fileEntry: z.ZodType<FileEntry> = z.strictObject({
  url: entryText,
  sha256: z.string(),
  as: entryText,
});

export function toFileWish({ url, sha256, as }: FileEntry): FileWish {
  return { kind: 'file', url: webUrl(url, 'url'), sha256: toDigest(sha256), as: safeName(as) };
}

function toDigest(hex: string): Digest {
  const bare = hex.replace(/^sha256:/, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(bare))
    throw entryProblem(`"${hex.slice(0, 80)}" is not a sha256 (64 hex digits)`, 'sha256');
  return digestFromHex(bare);
}
