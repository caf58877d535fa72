import {
  type BlobWriter,
  type ByteSource,
  type Bytes,
  GapferryError,
  isGapferryError,
  type PourFile,
  type Run,
  type SizedDigest,
  shortDigest,
} from '@gapferry/core';
import type { BodyRequest, HttpClient } from '@gapferry/http';
import { lazyBytes } from './lazy-bytes.ts';
import type { RegistryPlace, RegistryPlaces } from './registry-places.ts';

/** A blob as a manifest names it. */
export interface NamedBlob extends SizedDigest {
  /** Where a non-distributable layer's bytes are found when the registry has not got them (image-spec, descriptor.md). */
  readonly urls?: readonly string[];
  /** Media type of an index entry that is neither image nor index: its bytes lie among the manifests or among the blobs. */
  readonly entryType?: string;
}

/** One place that a blob's bytes may be read from. Not checked: the writer checks. */
export interface BlobPlace {
  /** For messages. */
  readonly name: string;
  readonly bytes: ByteSource;
  /** To be called with this place's failure when another is left. Throws it when it is no reason to ask there. */
  passOver(error: unknown, run: Run): void;
  /** To be called when the bytes came from here. */
  used?(run: Run): void;
}

/** Links that a layer may have; more are left out. */
const MOST_URLS = 5;

/** Mirrors, upstream, then the layer's own `urls` over https. */
export function blobPlaces(
  http: HttpClient,
  places: RegistryPlaces,
  repository: string,
  blob: NamedBlob,
  run: Run,
): readonly BlobPlace[] {
  const kinds: readonly Kind[] = blob.entryType === undefined ? ['blobs'] : ['manifests', 'blobs'];
  const registries = places
    .of(repository)
    .flatMap((place) => kinds.map((kind) => atRegistry({ http, places, place, kind, blob }, run)));
  const urls = (blob.urls ?? []).filter((url) => URL.parse(url)?.protocol === 'https:').slice(0, MOST_URLS);
  return [...registries, ...urls.map((url) => elsewhere(http, url, blob, repository, run))];
}

type Kind = 'blobs' | 'manifests';

interface RegistryBlob {
  readonly http: HttpClient;
  readonly places: RegistryPlaces;
  readonly place: RegistryPlace;
  readonly kind: Kind;
  readonly blob: NamedBlob;
}

function atRegistry({ http, places, place, kind, blob }: RegistryBlob, run: Run): BlobPlace {
  const { digest, size, entryType } = blob;
  const ask = async (told: Run): Promise<BodyRequest> => {
    const { base, scope } = await place.address(told);
    return {
      url: `${base}/${kind}/${digest}`,
      item: `blob ${shortDigest(digest)} of ${place.repository}`,
      scope,
      size,
      ...(kind === 'manifests' && entryType !== undefined && { headers: { Accept: entryType } }),
    };
  };
  return {
    name: place.repository,
    bytes: Object.assign(
      (from: number): Bytes => lazyBytes(async () => http.body(await ask(run), from, run)),
      { pour: async (into: PourFile, told: Run) => http.pour(await ask(told), into, told) },
    ),
    passOver: (error, told) => (place.isMirror ? places.passOver(place, error, told) : unlessMissing(error)),
  };
}

/** Bytes from a server that is not the registry. Their digest is checked like any other. */
function elsewhere(
  http: HttpClient,
  url: string,
  { digest, size }: NamedBlob,
  repository: string,
  run: Run,
): BlobPlace {
  const host = URL.parse(url)?.host ?? '';
  const item = `blob ${shortDigest(digest)} of ${repository}`;
  return {
    name: host,
    bytes: (from) => http.body({ url, item, size }, from, run),
    passOver: unlessMissing,
    used: (told) =>
      told.emit({
        kind: 'warning',
        message: `${item} is not in the registry and came from ${host}, as its manifest says; its licence may not allow to pass it on`,
        item,
      }),
  };
}

/** Only "there is none" leads on: another trouble must not end as another place's "not found". */
function unlessMissing(error: unknown): void {
  if (!isGapferryError(error, 'SOURCE_NOT_FOUND')) throw error;
}

/** Puts a blob into the store from the first place that gives the right bytes. What one place left the next goes on with; a store asks again from the beginning when that was wrong. */
export async function putFromPlaces(
  blob: SizedDigest,
  places: readonly BlobPlace[],
  into: Pick<BlobWriter, 'put'>,
  run: Run,
): Promise<{ readonly reused: boolean }> {
  for (const [at, place] of places.entries()) {
    try {
      const stored = await into.put(blob, place.bytes, run);
      if (!stored.reused) place.used?.(run);
      return stored;
    } catch (error) {
      if (at === places.length - 1) throw nowhere(blob, places, error);
      place.passOver(error, run);
    }
  }
  throw new GapferryError({ code: 'INTERNAL', message: `blob ${blob.digest} has no place to be read from` });
}

function nowhere(blob: SizedDigest, places: readonly BlobPlace[], error: unknown): unknown {
  if (places.length < 2 || !isGapferryError(error, 'SOURCE_NOT_FOUND')) return error;
  const names = [...new Set(places.map(({ name }) => name))];
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `blob ${blob.digest} is nowhere: neither ${names.join(' nor ')} has it`,
    hint: 'the image is incomplete upstream; choose another tag or ask who publishes it',
    origin: 'source',
    data: { digest: blob.digest, places: names },
    cause: error,
  });
}
