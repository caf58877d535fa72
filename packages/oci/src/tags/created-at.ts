import { type Descriptor, parseJson, type Run } from '@gapferry/core';
import type { LookupCache } from '../attachments/lookup-cache.ts';
import { MANIFEST_LIMIT, parseManifestDocument } from '../manifest-document.ts';
import { isImageConfigType } from '../media-type-names.ts';
import type { OciClient } from '../oci-client.ts';
import { isWanted, type PlatformChoice } from '../platform-choice.ts';
import { readSmallBlob } from '../read-small-blob.ts';

const CREATED = 'org.opencontainers.image.created';

export interface CreatedQuestion {
  readonly client: OciClient;
  readonly repository: string;
  readonly platforms: PlatformChoice;
  /** What a digest said once it says for ever. */
  readonly cache?: LookupCache;
}

/** Milliseconds since 1970 at which an image says it was made: the index's annotation `org.opencontainers.image.created`, else `created` in the configuration of its first wanted image
 *  (image-spec, annotations.md, config.md). Undefined where nothing says so. */
export async function createdAt(
  question: CreatedQuestion,
  root: Descriptor,
  run: Run,
): Promise<number | undefined> {
  const { repository, platforms, cache } = question;
  const name = `created/1 ${repository}@${root.digest} ${JSON.stringify(platforms ?? [])}`;
  const kept = await cache?.get(name);
  if (typeof kept === 'number' && Number.isFinite(kept)) return kept;
  const created = await readCreated(question, root, run, 0);
  if (created !== undefined) await cache?.put(name, created);
  return created;
}

async function readCreated(
  question: CreatedQuestion,
  root: Descriptor,
  run: Run,
  depth: number,
): Promise<number | undefined> {
  const { client, repository, platforms } = question;
  const what = `${repository}@${root.digest}`;
  const document = parseManifestDocument(await client.manifest(repository, root, run), root.mediaType, what);
  if (document.kind === 'image') {
    if (!isImageConfigType(document.config.mediaType)) return undefined;
    const config = await readSmallBlob(client, repository, document.config, run);
    return timeOf(member(parseJson(config, what, { maxBytes: MANIFEST_LIMIT, maxDepth: 64 }), 'created'));
  }
  const annotated = timeOf(member(document.raw['annotations'], CREATED));
  if (annotated !== undefined || depth > 2) return annotated;
  const images = document.children.filter(
    ({ isAttestation, subject }) => !isAttestation && subject === undefined,
  );
  const first =
    images.find(({ platform }) => platform !== undefined && isWanted(platforms, platform)) ?? images[0];
  return first && (await readCreated(question, first.descriptor, run, depth + 1));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** RFC 3339. */
function timeOf(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
