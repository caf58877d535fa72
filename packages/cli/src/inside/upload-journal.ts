import { readFile } from 'node:fs/promises';
import { canonicalJson, GapferryError, isDigest, isGapferryError, parseJson } from '@gapferry/core';
import type { PendingUpload, UploadJournal } from '@gapferry/targets';
import { reasonOf } from '../environment.ts';
import { writeFileAtomically } from '../write-file.ts';

const LIMITS = { maxBytes: 1 << 20, maxDepth: 4 };

/** Uploads to a bucket that were begun and not ended, in a file of the site's state. What cannot be understood counts as nothing: the uploads begin anew. */
export function fileUploads(file: string): UploadJournal {
  return {
    async read() {
      const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined;
        throw new GapferryError({
          code: 'STORAGE_FAILED',
          message: `cannot read ${file}: ${reasonOf(cause)}`,
          hint: 'check the permissions of the site’s state directory',
          origin: 'site',
          cause,
        });
      });
      return bytes === undefined ? [] : parse(bytes, file);
    },
    write: (uploads) => writeFileAtomically(file, canonicalJson(uploads), { mode: 0o600 }),
  };
}

function parse(bytes: Uint8Array, file: string): readonly PendingUpload[] {
  try {
    const uploads = parseJson(bytes, file, LIMITS);
    return Array.isArray(uploads) ? uploads.filter(isUpload) : [];
  } catch (error) {
    if (isGapferryError(error)) return [];
    throw error;
  }
}

function isUpload(value: unknown): value is PendingUpload {
  if (value === null || typeof value !== 'object') return false;
  const { key, upload, digest, partSize } = value as Record<string, unknown>;
  if (typeof key !== 'string') return false;
  if (digest === undefined && partSize === undefined)
    return upload === undefined || typeof upload === 'string';
  return typeof upload === 'string' && isDigest(digest) && Number.isInteger(partSize);
}
