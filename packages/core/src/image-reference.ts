import { type Digest, isDigest } from './digest.ts';
import { GapferryError } from './errors.ts';

/** An image reference with nothing implied: Docker's short forms are spelled out (`nginx` is `docker.io/library/nginx:latest`). */
export interface ImageReference {
  /** Registry host with port where one is given: `docker.io`, `127.0.0.1:5000`. */
  readonly host: string;
  /** Repository path below the host: `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Parses the reference grammar of the OCI distribution-spec and Docker's short names. Throws `REFERENCE_INVALID`. */
export function parseImageReference(text: string): ImageReference {
  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest)))
    throw invalid(text, 'its digest is not sha256: and 64 lower-case hex digits');
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon < 0 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(text, `"${tag}" is not a tag`);
  return { ...splitName(name, text), ...withTag(tag, digest) };
}

function withTag(
  tag: string | undefined,
  digest: Digest | undefined,
): Pick<ImageReference, 'tag' | 'digest'> {
  if (digest !== undefined) return { ...(tag !== undefined && { tag }), digest };
  return { tag: tag ?? 'latest' };
}

function splitName(name: string, text: string): { host: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const host = isHost ? first : 'docker.io';
  const rest = isHost ? name.slice(slash + 1) : name;
  const path = host === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (!HOST.test(host)) throw invalid(text, `"${host}" is not a registry host`);
  if (!PATH.test(path) || host.length + path.length > 255)
    throw invalid(text, `"${path}" is not a repository name (lower case, digits, and . _ - between them)`);
  return { host: host === 'index.docker.io' ? 'docker.io' : host, path };
}

/** `host/path`, the repository without tag and digest. */
export function repositoryOf(reference: ImageReference): string {
  return `${reference.host}/${reference.path}`;
}

/** The full upstream identity: `docker.io/library/nginx:1.27.3`, `…@sha256:…`, or both. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}

function invalid(text: string, why: string): GapferryError {
  return new GapferryError({
    code: 'REFERENCE_INVALID',
    message: `"${text.slice(0, 300)}" is not an image reference: ${why}`,
    hint: 'write host/path:tag or host/path@sha256:…, for example docker.io/library/nginx:1.27.3',
  });
}
