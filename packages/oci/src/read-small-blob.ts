import { type BlobWriter, type Descriptor, GapferryError, type Run, readVerified } from '@gapferry/core';
import { putFromPlaces } from './blob-places.ts';
import { MANIFEST_LIMIT } from './manifest-document.ts';
import type { OciClient } from './oci-client.ts';

/** A configuration or another blob of at most 4 MiB, verified, in memory. Its bytes are not told as progress. Throws `LIMIT_EXCEEDED` before anything is asked. */
export async function readSmallBlob(
  client: OciClient,
  repository: string,
  blob: Descriptor,
  run: Run,
): Promise<Uint8Array> {
  if (blob.size > MANIFEST_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `blob ${blob.digest} of ${repository} has ${blob.size} bytes; the limit here is ${MANIFEST_LIMIT}`,
      origin: 'source',
    });
  const quiet = untold(run);
  let bytes: Uint8Array = new Uint8Array();
  const memory: Pick<BlobWriter, 'put'> = {
    put: async (expected, source) => {
      bytes = await readVerified(expected, source(0), { origin: 'source', place: repository });
      return { reused: false };
    },
  };
  await putFromPlaces(blob, client.blob(repository, blob, quiet), memory, quiet);
  return bytes;
}

/** The same run without the progress of bytes: they are told elsewhere, or not at all. */
export function untold(run: Run): Run {
  return { signal: run.signal, emit: (event) => event.kind !== 'bytes' && run.emit(event) };
}
