import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, GapferryError, hexOf, isDigest, parseJson } from '@gapferry/core';
import { z } from 'zod';
import type { ListedUpload, UploadEntry, UploadJournal, UploadKey } from './upload-journal.ts';

const LIMIT = 32_768;

const shape = z.strictObject({
  repository: z.string(),
  digest: z.string(),
  location: z.url({ protocol: /^https?$/ }).max(8192),
  offset: z.int().min(0),
  minLength: z.int().min(1).optional(),
});

/** One small file for each upload, replaced atomically and readable by its owner alone. The directory is made where it is missing. What cannot be read there, or others may have
 *  written, is as good as nothing: the upload begins again. Throws `STORAGE_FAILED` when it cannot be written. */
export function fileUploadJournal(directory: string): UploadJournal {
  const fileOf = ({ repository, digest }: UploadKey): string =>
    join(directory, `${hexOf(digestOf(`${repository}@${digest}`))}.json`);
  return {
    async get(upload) {
      const found = await readEntry(fileOf(upload));
      const isMeant = found?.repository === upload.repository && found.digest === upload.digest;
      return isMeant ? entryOf(found) : undefined;
    },
    put: (upload, entry) => written(directory, () => writeEntry(directory, fileOf(upload), upload, entry)),
    remove: (upload) => written(directory, () => rm(fileOf(upload), { force: true })),
    async list() {
      const names = await readdir(directory).catch(() => []);
      const found = await Promise.all(
        names.filter((name) => ENTRY.test(name)).map((name) => readEntry(join(directory, name))),
      );
      return found.flatMap((one) => one ?? []);
    },
  };
}

const ENTRY = /^[0-9a-f]{64}\.json$/;

function entryOf({ location, offset, minLength }: UploadEntry): UploadEntry {
  return { location, offset, ...(minLength !== undefined && { minLength }) };
}

async function readEntry(file: string): Promise<ListedUpload | undefined> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const facts = await handle.stat();
    if (!isOurs(facts)) return undefined;
    const buffer = Buffer.alloc(LIMIT);
    const { bytesRead } = await handle.read(buffer, 0, LIMIT, 0);
    const value = parseJson(buffer.subarray(0, bytesRead), file, { maxBytes: LIMIT, maxDepth: 2 });
    const { repository, digest, location, offset, minLength } = shape.parse(value);
    if (!isDigest(digest)) return undefined;
    const entry = entryOf({ location, offset, ...(minLength !== undefined && { minLength }) });
    return { repository, digest, ...entry, writtenAt: facts.mtime };
  } catch {
    return undefined;
  }
}

/** Requests with the operator's credentials go where an entry says. */
function isOurs(facts: Stats): boolean {
  return facts.isFile() && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
}

async function writeEntry(
  directory: string,
  file: string,
  upload: UploadKey,
  entry: UploadEntry,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${randomUUID()}.tmp`);
  try {
    const { repository, digest } = upload;
    await writeFile(temporary, JSON.stringify({ repository, digest, ...entry }), { mode: 0o600, flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function written(directory: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new GapferryError({
      code: 'STORAGE_FAILED',
      message: `uploads cannot be remembered in ${directory}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`,
      hint: 'make the directory writable, so that a push that was cut can go on',
      origin: 'site',
      cause,
    });
  }
}
