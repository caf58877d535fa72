import { type ErrorInit, GapferryError, printable } from '@gapferry/core';
import type { HttpAnswer } from '@gapferry/http';
import type { PushPlace } from './push-place.ts';

/** What was asked of the registry, for its errors. */
export interface Purpose {
  readonly place: PushPlace;
  readonly item: string;
  /** `pushing blob sha256:0123…`: comes after "answered 400 when". */
  readonly doing: string;
}

type Judgement = Pick<ErrorInit, 'code' | 'message' | 'hint' | 'retryable'>;

const NO_ROOM = /quota|exceed|no space|insufficient storage|storage limit/i;

/** The error for an answer that refuses what was pushed or asked at a target, in the server's own words where it has some. Never retryable: the registry has decided. */
export function targetRefusal(answer: HttpAnswer, purpose: Purpose): GapferryError {
  const words = saidBy(answer);
  const said = words === '' ? '' : `: ${words}`;
  const { place, item } = purpose;
  const codes = errorsIn(answer.body).map(({ code }) => code);
  const isLost = codes.some((code) => LOST_SESSION.has(code));
  const data = { host: place.host, repository: place.repository, item, status: answer.status };
  return new GapferryError({
    origin: 'target',
    data: { ...data, ...(isLost && { session: 'lost' }) },
    ...(isLost && { retryable: true }),
    ...(byCode(answer, purpose, said) ?? byStatus(answer, purpose, said)),
  });
}

/** An upload that says so must begin again. */
const LOST_SESSION: ReadonlySet<unknown> = new Set([
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'RANGE_INVALID',
]);
const MISSING_PARTS: ReadonlySet<unknown> = new Set([
  'MANIFEST_BLOB_UNKNOWN',
  'BLOB_UNKNOWN',
  'MANIFEST_UNKNOWN',
]);

/** What the layers below say of any server, said of a target: its side, and a full store where a 5xx tells of one. Others pass as they are. */
export function atTarget(error: unknown): unknown {
  if (!(error instanceof GapferryError) || error.origin !== 'source') return error;
  const words = without(error.message, String(error.data['item']), String(error.data['host']));
  const isFull = error.code === 'SERVER_ERROR' && (error.data['status'] === 507 || NO_ROOM.test(words));
  const hint = isFull ? ROOM_HINT : error.hint;
  return new GapferryError({
    code: isFull ? 'NO_SPACE' : error.code,
    message: error.message,
    ...(hint !== undefined && { hint }),
    origin: 'target',
    retryable: error.retryable && !isFull,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: error.data,
    cause: error,
  });
}

/** A repository or a host may be named after quotas. */
function without(text: string, ...names: readonly string[]): string {
  return names.reduce((rest, name) => rest.replaceAll(name, ''), text);
}

const ROOM_HINT =
  'make room there or raise the quota, then run the same command again: what was loaded stays';

function happened({ status }: HttpAnswer, { place, doing, item }: Purpose, said: string): string {
  return `${place.host} answered ${status} when ${doing} for ${item} in ${place.path}${said}`;
}

/** What the distribution-spec's error codes leave no doubt about, and one of Harbor's: a policy of the project lets nobody pull it. */
function byCode(answer: HttpAnswer, purpose: Purpose, said: string): Judgement | undefined {
  if (errorsIn(answer.body).some(({ code }) => code === 'PROJECTPOLICYVIOLATION'))
    return {
      code: 'TARGET_CONFLICT',
      message: happened(answer, purpose, said),
      hint: `whatever is loaded is read back, and a policy of the project lets nobody read this: have the policy ended while the release is loaded, then run the same command again`,
    };
  if (answer.status !== 400 && answer.status !== 404) return undefined;
  const what = happened(answer, purpose, said);
  const errors = errorsIn(answer.body);
  if (errors.some(({ code }) => code === 'DIGEST_INVALID')) return { code: 'DIGEST_MISMATCH', message: what };
  const missing = errors.filter(({ code }) => MISSING_PARTS.has(code));
  if (missing.length === 0) return undefined;
  return {
    code: 'BLOB_MISSING',
    message: `${what} (${digestsIn(missing)})`,
    hint: 'something removes content there while it is loaded (garbage collection?): run the same command again',
  };
}

function digestsIn(errors: readonly OciError[]): string {
  const found = JSON.stringify(errors.map(({ detail }) => detail ?? '')).match(/sha256:[0-9a-f]{64}/g) ?? [];
  return found.length === 0 ? 'it does not say what' : [...new Set(found)].slice(0, 3).join(', ');
}

function byStatus(answer: HttpAnswer, purpose: Purpose, said: string): Judgement {
  const { place } = purpose;
  const what = happened(answer, purpose, said);
  if (
    answer.status === 507 ||
    (NO_ROOM.test(without(said, place.path)) && [400, 403, 413].includes(answer.status))
  )
    return { code: 'NO_SPACE', message: what, hint: ROOM_HINT };
  switch (answer.status) {
    case 401:
      return unauthorized(answer, purpose, what);
    case 403:
      return { code: 'FORBIDDEN', message: what, hint: `use credentials that may push to ${place.path}` };
    case 404:
      return {
        code: 'PROTOCOL_VIOLATION',
        message: what,
        hint: `check that ${place.host} is a registry, and create the project or repository that ${place.path} belongs to`,
      };
    case 409:
    case 412:
      return {
        code: 'TARGET_CONFLICT',
        message: what,
        hint: 'the registry keeps what it has under this name (an immutable tag): load under another tag, or change its rule',
      };
    case 413:
      return {
        code: 'PROTOCOL_VIOLATION',
        message: what,
        hint: 'the registry, or a proxy before it, refuses bodies of this size: allow at least 8 MiB there',
      };
    default:
      return { code: 'PROTOCOL_VIOLATION', message: what };
  }
}

/** Harbor answers a question about a missing project so, without a challenge; and 401, not 403, to a robot that lacks the permission. */
function unauthorized(answer: HttpAnswer, { place, doing }: Purpose, message: string): Judgement {
  const isOffered = (answer.headers.get('www-authenticate') ?? '').trim() !== '';
  const project = place.path.split('/', 1)[0];
  const what = doing.startsWith('deleting') ? 'delete from' : 'push to';
  return {
    code: 'UNAUTHORIZED',
    message: isOffered ? message : `${message} (and offers no way to sign in)`,
    hint: isOffered
      ? `check the credentials for ${place.host}: they must be allowed to ${what} ${place.path}`
      : `check that the project "${project}" exists at ${place.host} and that the credentials may push to it`,
  };
}

/** In one line, 300 characters at most. */
function saidBy({ body }: HttpAnswer): string {
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 4096))
    .toString('utf8')
    .trim();
  if (text.startsWith('<')) return '';
  return printable(ociErrors(body) ?? text.replace(/\s+/g, ' ')).slice(0, 300);
}

function ociErrors(body: Uint8Array): string | undefined {
  const [first] = errorsIn(body);
  return first && [first.code, first.message].filter((part) => typeof part === 'string').join(': ');
}

export interface OciError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly detail?: unknown;
}

/** The entries of an error answer (distribution-spec, error codes); none where it has another form. */
export function errorsIn(body: Uint8Array): readonly OciError[] {
  if (body.byteLength > 65_536) return [];
  try {
    const { errors } = JSON.parse(Buffer.from(body).toString('utf8')) as { errors?: unknown };
    return Array.isArray(errors) ? errors.filter((entry) => typeof entry === 'object' && entry !== null) : [];
  } catch {
    return [];
  }
}
