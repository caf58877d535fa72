import { parseJson, type Run } from '@gapferry/core';
import { z } from 'zod';
import { refused } from './local-error.ts';
import type { PlaceFile, PlaceFiles } from './place-files.ts';

/** Reads a JSON file of a place. Undefined when there is none. Throws `LIMIT_EXCEEDED` before anything is read, `JSON_INVALID`, `CONTENT_INVALID` when it has not this shape. */
export async function readDocument<T>(
  files: PlaceFiles,
  name: string,
  limit: number,
  shape: z.ZodType<T>,
  run: Run,
): Promise<T | undefined> {
  const file = await files.find(name);
  if (file === undefined) return undefined;
  const what = `${name} in ${files.what}`;
  const bytes = await readSmall(file, limit, what, run);
  const result = shape.safeParse(parseJson(bytes, what, { maxBytes: limit, maxDepth: 32 }));
  if (result.success) return result.data;
  throw refused(what, z.prettifyError(result.error).slice(0, 500).replaceAll(/\s+/g, ' '));
}

/** All of a file in memory. Throws `LIMIT_EXCEEDED` before anything is read. */
export async function readSmall(file: PlaceFile, limit: number, what: string, run: Run): Promise<Uint8Array> {
  if (file.size > limit)
    throw refused(what, `it has ${file.size} bytes; the limit is ${limit}`, 'LIMIT_EXCEEDED');
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.open(run)(0)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
