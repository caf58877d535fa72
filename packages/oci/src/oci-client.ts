import type { BlobStore, Descriptor, Digest, Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { type BlobPlace, blobPlaces, type NamedBlob, putFromPlaces } from './blob-places.ts';
import { createManifestMemory } from './manifest-memory.ts';
import { type AskedRepository, findManifest, readManifest, resolveManifest } from './manifest-requests.ts';
import { type Referrer, readReferrers } from './referrer-pages.ts';
import { registryAddress } from './registry-address.ts';
import { createRegistryPlaces } from './registry-places.ts';
import { readTagPages } from './tag-pages.ts';

/** The pull half of the OCI distribution protocol. `repository` is host/path everywhere, `docker.io/library/nginx`. */
export interface OciClient {
  /** What a tag or digest is now: an image or an index. Throws `SOURCE_NOT_FOUND`, `CONTENT_INVALID` (schema 1, something else), `DIGEST_MISMATCH` (the registry contradicts itself). */
  resolve(repository: string, tagOrDigest: string, run: Run): Promise<Descriptor>;
  /** The same for a tag that need not exist: undefined when neither a mirror has it nor upstream, which answers 404, and for no other reason. */
  find(repository: string, tag: string, run: Run): Promise<Descriptor | undefined>;
  /** The bytes of a manifest or index, checked against digest, size and media type; at most 4 MiB. */
  manifest(repository: string, descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** Where a blob's bytes may be read, in the order in which to try. Reading emits `bytes` events. */
  blob(repository: string, blob: NamedBlob, run: Run): readonly BlobPlace[];
  /** Puts a blob into the store from the first place that gives the right bytes. */
  pull(repository: string, blob: NamedBlob, into: BlobStore, run: Run): Promise<{ readonly reused: boolean }>;
  /** All tags, in the registry's order. Upstream alone is asked: a mirror may list no more than it happens to have. */
  tags(repository: string, run: Run): Promise<readonly string[]>;
  /** What is under a tag that names what it belongs to (`sha256-…`): undefined for a real 404, and for nothing else. Upstream alone is asked: cosign moves such tags. */
  attached(repository: string, tag: string, run: Run): Promise<Descriptor | undefined>;
  /** What says to be about this manifest. Undefined when there is no such API (404). Upstream alone is asked, for all of it. */
  referrers(repository: string, subject: Digest, run: Run): Promise<readonly Referrer[] | undefined>;
}

export interface OciClientOptions {
  /** By host as it stands in references, in lower case: hosts, or host/prefix, that are asked for content before the host itself, in this order. */
  readonly mirrors?: ReadonlyMap<string, readonly string[]>;
}

/** Bytes of manifests that are remembered between resolving and fetching. */
const REMEMBERED = 16 << 20;

export function createOciClient(http: HttpClient, options: OciClientOptions = {}): OciClient {
  const places = createRegistryPlaces(http, options.mirrors ?? new Map());
  const memory = createManifestMemory(REMEMBERED);
  const placesFor = (repository: string, blob: NamedBlob, run: Run): readonly BlobPlace[] =>
    blobPlaces(http, places, repository, blob, run);
  const upstream = async (repository: string, run: Run): Promise<AskedRepository> => ({
    http,
    repository,
    address: await registryAddress(http, repository, run),
  });
  return {
    resolve: (repository, tagOrDigest, run) =>
      places.first(repository, (at) => resolveManifest({ http, ...at }, tagOrDigest, run), run),
    find: (repository, tag, run) =>
      places.first(
        repository,
        (at) => findManifest({ http, ...at }, tag, run),
        run,
        (answer) => answer !== undefined,
      ),
    async manifest(repository, descriptor, run) {
      const remembered = memory.get(repository, descriptor);
      if (remembered !== undefined) return remembered;
      const bytes = await places.first(
        repository,
        (at) => readManifest({ http, ...at }, descriptor, run),
        run,
      );
      memory.keep(repository, descriptor, bytes);
      return bytes;
    },
    blob: placesFor,
    pull: (repository, blob, into, run) => putFromPlaces(blob, placesFor(repository, blob, run), into, run),
    tags: async (repository, run) =>
      readTagPages(http, await registryAddress(http, repository, run), repository, run),
    attached: async (repository, tag, run) => findManifest(await upstream(repository, run), tag, run),
    referrers: async (repository, subject, run) =>
      readReferrers(await upstream(repository, run), subject, run),
  };
}
