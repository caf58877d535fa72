/** What real registries do besides, or instead of, the distribution-spec. Each is seen in a product that is named; without any the fake keeps to the spec. */
export interface RegistryQuirks {
  /** `Location` is absolute (distribution, Harbor); default: relative to the host. */
  readonly absoluteLocations?: boolean;
  /** A chunk is appended whatever its `Content-Range` says (distribution 2.8). */
  readonly ignoresContentRange?: boolean;
  /** `POST ?digest=` is answered 202, and its body dropped (distribution 2.8). */
  readonly ignoresPostDigest?: boolean;
  /** What is left of an upload whose chunk was cut: nothing (distribution 2.8 and 3; default), or every byte that came, under the Location that is known (Gitea). */
  readonly cutChunk?: 'forgotten' | 'kept';
  /** Bytes of every chunk but the last, at least: said in `OCI-Chunk-Min-Length`, and refused otherwise (registries over S3). */
  readonly minChunk?: number;
  /** Nothing is ever mounted: 202 (many, where a repository lies elsewhere). */
  readonly neverMounts?: boolean;
  /** Blob uploads with any other Content-Type than application/octet-stream are answered 502 (Harbor). */
  readonly octetsOnly?: boolean;
  /** First parts of repository names that exist. For all others every answer is 401 with an empty `WWW-Authenticate` (Harbor). */
  readonly projects?: readonly string[];
  /** Bytes of blobs that fit, in all or by a rule; the PUT that goes beyond is refused in Harbor's words. */
  readonly quota?: number | QuotaRule;
  /** Default 403 (Harbor); others answer 413 or 500. */
  readonly quotaStatus?: 403 | 413 | 500;
  /** Tags that are set once, all or those that are named: every later PUT is answered 412, also of the same content (Harbor). */
  readonly immutableTags?: boolean | ((repository: string, tag: string) => boolean);
  /** Referrers are listed with the size of all that they consist of (Harbor before 2.11). */
  readonly wholeSizes?: boolean;
  /** Referrers of what is not there are `{}` (Harbor). */
  readonly bareReferrers?: boolean;
  /** A manifest is refused with 404 before its subject is there (older Harbor). */
  readonly subjectFirst?: boolean;
}

/** What a repository's quota has room for; undefined where nothing more counts, or there is no limit. */
export type QuotaRule = (
  repository: string,
  digest: string,
) => { readonly used: number; readonly limit: number } | undefined;
