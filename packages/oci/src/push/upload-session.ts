import { GapferryError, type Run, type SizedDigest, shortDigest } from '@gapferry/core';
import type { HttpAnswer, StreamedBody } from '@gapferry/http';
import { askTarget } from './ask-target.ts';
import { type PushPlace, pushScope } from './push-place.ts';
import { withRightToDelete } from './with-right-to-delete.ts';

/** An upload at a registry (distribution-spec, pushing blobs). A value: every answer of the registry makes a new one. */
export interface UploadSession {
  /** Where the next request goes: of the last answer only, with its query. May hold a secret: never printed. */
  readonly location: string;
  /** Bytes that the registry has. */
  readonly offset: number;
  /** `OCI-Chunk-Min-Length`: bytes of every chunk but the last, at least. */
  readonly minLength?: number;
}

/** The blob that is uploaded, where to, and for whom. */
export interface Upload {
  readonly place: PushPlace;
  readonly blob: SizedDigest;
  /** Named in errors and progress. */
  readonly item: string;
}

export interface MountFrom {
  /** The path of a repository of the same registry. */
  readonly path: string;
}

/** Opens a session; with `mount` asks for the blob of another repository instead. `mounted`: nothing needs to be sent. */
export async function beginUpload(
  upload: Upload,
  mount: MountFrom | undefined,
  run: Run,
): Promise<UploadSession | 'mounted'> {
  const { place, blob } = upload;
  const query = mount ? `?mount=${blob.digest}&from=${encodeURIComponent(mount.path)}` : '';
  const answer = await askTarget(
    {
      ...purposeOf(upload, mount ? 'mounting' : 'beginning to push'),
      method: 'POST',
      url: `${place.base}/blobs/uploads/${query}`,
      scope: pushScope(place, mount?.path),
      accept: mount ? [201, 202] : [202],
    },
    run,
  );
  if (answer.status === 201) return 'mounted';
  const minLength = minLengthIn(answer);
  return { location: locationIn(answer, upload), offset: 0, ...(minLength !== undefined && { minLength }) };
}

/** How far an upload came, by the registry's own word; undefined where there is no such session any more. `0-0` is said of nothing and of one byte alike: it counts as nothing. */
export async function askUpload(
  upload: Upload,
  session: UploadSession,
  run: Run,
): Promise<UploadSession | undefined> {
  const { place } = upload;
  const answer = await askTarget(
    {
      ...purposeOf(upload, 'asking for the upload'),
      method: 'GET',
      url: session.location,
      scope: pushScope(place),
      accept: [204, 202, 200, ...NO_SESSION],
    },
    run,
  );
  if (NO_SESSION.includes(answer.status)) return undefined;
  const location = answer.headers.has('location') ? locationIn(answer, upload) : session.location;
  const offset = offsetIn(answer) ?? 0;
  return { ...session, location, offset: offset === 1 ? 0 : offset };
}

/** Sends the next bytes. Throws `PROTOCOL_VIOLATION` with `data.session: 'lost'` where the session can't be used any more. The offset in the answer is the registry's own: the caller compares. */
export async function appendToUpload(
  upload: Upload,
  session: UploadSession,
  body: StreamedBody,
  run: Run,
): Promise<UploadSession> {
  const answer = await askTarget(
    {
      ...purposeOf(upload, 'pushing a chunk of'),
      method: 'PATCH',
      url: session.location,
      scope: pushScope(upload.place),
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Range': `${session.offset}-${session.offset + body.size - 1}`,
      },
      body,
      accept: [202, 200, 201, 204, ...NO_SESSION],
    },
    run,
  );
  if (NO_SESSION.includes(answer.status))
    throw lostSession(upload, `answered ${answer.status} for the next chunk`);
  const offset = offsetIn(answer) ?? session.offset + body.size;
  return { ...session, location: locationIn(answer, upload), offset };
}

/** Ends the upload; with a body, that is the whole blob or its end. Throws `DIGEST_MISMATCH` when the registry got other bytes. */
export async function finishUpload(
  upload: Upload,
  session: UploadSession,
  body: StreamedBody | undefined,
  run: Run,
): Promise<void> {
  const { place, blob } = upload;
  const url = new URL(session.location);
  // Not searchParams: they would write what the registry put there anew.
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(blob.digest)}`;
  const answer = await askTarget(
    {
      ...purposeOf(upload, 'pushing'),
      method: 'PUT',
      url: url.href,
      scope: pushScope(place),
      headers: { 'Content-Type': 'application/octet-stream' },
      ...(body && { body }),
      workingBytes: blob.size,
      accept: [201, 200, 202, 204, 404, 416],
    },
    run,
  );
  if (answer.status === 404 || answer.status === 416)
    throw lostSession(upload, `answered ${answer.status} at the end of it`);
  const said = answer.headers.get('docker-content-digest');
  if (said === undefined || said === blob.digest) return;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${place.host} took blob ${blob.digest} of ${upload.item} and calls it ${said.slice(0, 100)}`,
    origin: 'target',
    data: { expected: blob.digest, actual: said, item: upload.item },
  });
}

/** The registry may still be writing what came before the body was cut: its offset moves until it is through. */
const MOST_CANCELS = 10;

/** Tells the registry to forget the upload. Throws like any question; there is nothing to be done about it.
 *  Distribution 3 refuses a Location that is older than the last bytes it got (416), and tells the new one when it is asked. */
export async function cancelUpload(upload: Upload, session: UploadSession, run: Run): Promise<void> {
  let there: UploadSession | undefined = session;
  for (let tries = 0; there !== undefined && tries < MOST_CANCELS; tries += 1) {
    const at = there;
    const status = await withRightToDelete(upload.place, (scope) => deleteUpload(scope, upload, at, run));
    if (status !== 416) return;
    there = await askUpload(upload, session, run);
  }
}

async function deleteUpload(
  scope: string,
  upload: Upload,
  session: UploadSession,
  run: Run,
): Promise<number> {
  const { status } = await askTarget(
    {
      ...purposeOf(upload, 'cancelling the upload of'),
      method: 'DELETE',
      url: session.location,
      scope,
      accept: [204, 200, 202, ...NO_SESSION],
    },
    run,
  );
  return status;
}

/** Another try helps: from the beginning. */
export function lostSession({ place, blob, item }: Upload, why: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${place.host} lost the upload of blob ${shortDigest(blob.digest)} of ${item}: it ${why}`,
    origin: 'target',
    retryable: true,
    data: { host: place.host, repository: place.repository, item, session: 'lost' },
  });
}

/** Also what `targetRefusal` makes of the codes that say so. */
export function isLostSession(error: unknown): boolean {
  return error instanceof GapferryError && error.data['session'] === 'lost';
}

const NO_SESSION: readonly number[] = [404, 410, 416];

function purposeOf(
  { place, blob, item }: Upload,
  doing: string,
): { place: PushPlace; item: string; doing: string } {
  return { place, item, doing: `${doing} blob ${shortDigest(blob.digest)}` };
}

/** Absolute or relative to the request. A registry behind a proxy that ends TLS may not know that it is asked by https. */
function locationIn(answer: HttpAnswer, { place, item }: Upload): string {
  const text = answer.headers.get('location') ?? '';
  const location = text === '' || text.length > 8192 ? null : URL.parse(text, answer.url);
  const base = new URL(place.base);
  if (location && base.protocol === 'https:' && location.protocol === 'http:') {
    if (location.hostname === base.hostname) return base.origin + location.pathname + location.search;
  } else if (location && /^https?:$/.test(location.protocol)) {
    location.hash = '';
    return location.href;
  }
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${place.host} does not say (by https) where an upload for ${item} goes on`,
    origin: 'target',
    data: { host: place.host, item },
  });
}

/** Bytes that are there, by `Range: 0-1048575`, also with the unit in front. */
function offsetIn({ headers }: HttpAnswer): number | undefined {
  const match = /^(?:bytes[ =])?0-(\d{1,15})$/.exec(headers.get('range')?.trim() ?? '');
  return match ? Number(match[1]) + 1 : undefined;
}

function minLengthIn({ headers }: HttpAnswer): number | undefined {
  const text = headers.get('oci-chunk-min-length') ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
