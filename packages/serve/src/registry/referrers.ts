import { type Digest, MEDIA_TYPES } from '@gapferry/core';
import type { Answer } from '../http/answer.ts';
import type { ReachedManifest } from './reach.ts';
import { API_VERSION } from './registry-answers.ts';

/** An index of the manifests that are about `subject`, each once; an empty one when there is none (distribution-spec, listing referrers). */
export function referrersAnswer(
  manifests: readonly ReachedManifest[],
  subject: Digest,
  artifactType: string | undefined,
): Answer {
  const about = new Map(
    manifests
      .filter((manifest) => manifest.subject?.digest === subject)
      .map((manifest) => [manifest.digest, manifest]),
  );
  const wanted = [...about.values()].filter(
    (manifest) => artifactType === undefined || manifest.artifactType === artifactType,
  );
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: wanted.map(toEntry) };
  return {
    status: 200,
    headers: {
      ...API_VERSION,
      'Content-Type': MEDIA_TYPES.ociIndex,
      ...(artifactType !== undefined && { 'OCI-Filters-Applied': 'artifactType' }),
    },
    body: Buffer.from(JSON.stringify(index)),
  };
}

function toEntry({
  mediaType,
  digest,
  size,
  artifactType,
  annotations,
}: ReachedManifest): Record<string, unknown> {
  return { mediaType, digest, size, artifactType, annotations };
}
