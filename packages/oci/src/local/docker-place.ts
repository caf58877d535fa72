import { checkRun, type Digest, type Run } from '@gapferry/core';
import { z } from 'zod';
import type { UnpackLimits } from './compression.ts';
import { buildDockerImage, type DockerImage } from './docker-image.ts';
import { refused } from './local-error.ts';
import type { LocalEntry, LocalPlace } from './local-place.ts';
import type { PlaceFile, PlaceFiles } from './place-files.ts';
import { readDocument } from './read-document.ts';

const LIMITS = { index: 4 << 20, images: 1000, layers: 1000 } as const;

const manifestShape = z.array(
  z.looseObject({
    Config: z.string().min(1).max(255),
    RepoTags: z.array(z.string().max(512)).nullish(),
    Layers: z.array(z.string().min(1).max(4096)).max(LIMITS.layers).nullish(),
  }),
);

/** An archive as `docker save` wrote them before Docker 25, and as podman, skopeo (`docker-archive:`) and crane (`--format=tarball`) still do: manifest.json, configs, layers, and no
 *  manifests. Undefined for what has no manifest.json. Throws `CONTENT_INVALID`, `JSON_INVALID`, `LIMIT_EXCEEDED` (4 MiB of manifest.json, 1,000 images, 1,000 layers of one). */
export async function dockerPlace(
  files: PlaceFiles,
  limits: UnpackLimits,
  run: Run,
): Promise<LocalPlace | undefined> {
  const listed = await readDocument(files, 'manifest.json', LIMITS.index, manifestShape, run);
  if (listed === undefined) return undefined;
  if (listed.length > LIMITS.images)
    throw refused(files.what, `it has more than ${LIMITS.images} images`, 'LIMIT_EXCEEDED');
  const images = listed.map((entry) => ({
    names: entry.RepoTags ?? [],
    image: onceDone((inner: Run) =>
      buildDockerImage(files, { config: entry.Config, layers: entry.Layers ?? [] }, limits, inner),
    ),
  }));
  return {
    what: files.what,
    entries: images.map(
      ({ names, image }): LocalEntry => ({ names, root: async (inner) => (await image(inner)).root }),
    ),
    find: (digest, inner) => findContent(images, digest, inner),
    close: () => files.close(),
  };
}

/** What failed is tried again by the next who asks. */
function onceDone<T>(work: (run: Run) => Promise<T>): (run: Run) => Promise<T> {
  let done: Promise<T> | undefined;
  return (run) => {
    done ??= work(run).catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}

/** One image that is damaged does not keep the others from being found. */
async function findContent(
  images: ReadonlyArray<{ readonly image: (run: Run) => Promise<DockerImage> }>,
  digest: Digest,
  run: Run,
): Promise<PlaceFile | undefined> {
  let failure: { readonly error: unknown } | undefined;
  for (const { image } of images) {
    try {
      const found = (await image(run)).content.get(digest);
      if (found) return found;
    } catch (error) {
      checkRun(run);
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
  return undefined;
}
