import type { Bytes, Run } from '@gapferry/core';
import type { BodyValidator, HttpClient } from '@gapferry/http';
import type { FileReading } from './file-reading.ts';
import type { FileAddress } from './places/file-places.ts';
import { inParts, rangedFile, WIDE, type WideOptions } from './wide-source.ts';

export type WideReadingOptions = Pick<WideOptions, 'worth' | 'sampleMs' | 'fastEnough' | 'lanes' | 'part'>;

/** A file that nobody knows the digest of, over one connection; the rest over several ranges at once where that turns out to be slow, much is left, and the server has ranges under the strong ETag that holds what came.
 *  As for any such file, bytes of two states of it are never mixed. */
export async function* wideReading(
  http: HttpClient,
  file: FileAddress & { readonly item: string },
  { limit: maxBytes, from, held }: FileReading,
  run: Run,
  options: Partial<WideReadingOptions> = {},
): Bytes {
  const wide = { ...WIDE, ...options };
  let [at, by] = [from, held.by];
  const watched = {
    ...held,
    learnt(validator: BodyValidator | undefined) {
      by = validator;
      held.learnt(validator);
    },
    anew() {
      [at, by] = [0, undefined];
      held.anew();
    },
  };
  let began: number | undefined;
  let came = 0;
  for await (const chunk of http.body({ ...file, maxBytes, held: watched }, from, run)) {
    at += chunk.byteLength;
    yield chunk;
    began ??= performance.now();
    came += chunk.byteLength;
    const passed = performance.now() - began;
    if (passed < wide.sampleMs || came === Number.POSITIVE_INFINITY) continue;
    const isSlow = (came / Math.max(passed, 1)) * 1000 < wide.fastEnough;
    // Judged once.
    came = Number.POSITIVE_INFINITY;
    const rest = isSlow ? await rangedFile(http, file, run) : undefined;
    if (rest === undefined || by === undefined || !('etag' in by) || by.etag !== rest.etag) continue;
    if (rest.size - at < wide.worth || rest.size > maxBytes) continue;
    yield* inParts(http, { ...file, ...rest }, at, wide, run);
    return;
  }
}
