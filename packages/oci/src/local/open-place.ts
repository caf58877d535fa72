import { stat } from 'node:fs/promises';
import type { Run } from '@gapferry/core';
import { compressionOf, MAGIC_LENGTH } from './compression.ts';
import { dockerPlace } from './docker-place.ts';
import { layoutPlace } from './layout-place.ts';
import { refused, toLocalError } from './local-error.ts';
import { openLocalFile } from './local-file.ts';
import type { LocalPlace } from './local-place.ts';
import { archiveFiles, directoryFiles, type PlaceFiles } from './place-files.ts';
import { type UnpackPlace, unpackArchive } from './unpack-archive.ts';

/** Opens an OCI layout directory, an OCI archive or a `docker save` archive. A `docker save` archive that has a layout inside is taken by its layout: there the manifests are what they were.
 *  Throws `SOURCE_NOT_FOUND` when there is no such path, `UNREACHABLE` when it cannot be read, `CONTENT_INVALID` and `LIMIT_EXCEEDED` for content that is not what it should be. */
export async function openPlace(
  path: string,
  what: string,
  unpack: UnpackPlace,
  run: Run,
): Promise<LocalPlace> {
  const facts = await stat(path).catch((error: unknown) => {
    throw toLocalError(what, error);
  });
  const files = facts.isDirectory() ? directoryFiles(path, what) : await openArchive(path, what, unpack, run);
  try {
    const place = (await layoutPlace(files, run)) ?? (await dockerPlace(files, unpack.limits, run));
    if (place !== undefined) return place;
    throw refused(
      what,
      facts.isDirectory()
        ? 'it is no OCI layout: it has no oci-layout'
        : 'it is no archive of images: it has neither an oci-layout nor a manifest.json',
    );
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function openArchive(path: string, what: string, unpack: UnpackPlace, run: Run): Promise<PlaceFiles> {
  const archive = await openLocalFile(path, what, { follow: true });
  let plain = archive;
  try {
    const beginning = await archive.read(0, Math.min(MAGIC_LENGTH, archive.size));
    const compression = compressionOf(beginning, what);
    if (compression !== undefined) plain = await unpackArchive(archive, compression, unpack, run);
    return await archiveFiles(plain, run);
  } catch (error) {
    await plain.close();
    throw error;
  }
}
