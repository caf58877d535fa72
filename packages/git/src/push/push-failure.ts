import { type ErrorInit, GapferryError, isInterruption, printable } from '@gapferry/core';
import { gitFailure } from '../git-failure.ts';

/** One line of `git push --porcelain` about a ref that was not taken. */
export interface RejectedRef {
  readonly ref: string;
  readonly reason: string;
  /** The server said so, not git here. */
  readonly byHost: boolean;
}

/** Words of git for a ref that is not what the lease says, whether git here or the server noticed it. */
const MOVED =
  /stale info|fetch first|non-fast-forward|needs force|already exists|cannot lock ref|failed to (?:update|lock)|incorrect old value|unable to resolve reference|expected .* but/i;

/** Words of git, curl, GitLab and `receive.maxInputSize` for a body that is too large. */
const TOO_LARGE = /HTTP 413|returned error: 413|exceeds maximum allowed size|entity too large/i;

/** Refs that `git push --porcelain` says were not taken; those that only went down with the others are left out where another reason is known. */
export function rejectedIn(porcelain: string): readonly RejectedRef[] {
  const all = porcelain.split('\n').flatMap((line): RejectedRef[] => {
    const [flag, refs = '', summary = ''] = line.split('\t');
    if (flag !== '!') return [];
    const reason = /\((.*)\)\s*$/.exec(summary)?.[1] ?? summary;
    const byHost = summary.startsWith('[remote rejected]');
    return [{ ref: refs.slice(refs.indexOf(':') + 1), reason, byHost }];
  });
  const own = all.filter(
    ({ reason }) => !/^atomic (?:push failed|transaction)|^transaction aborted/i.test(reason),
  );
  return own.length > 0 ? own : all;
}

/** What it means that a push set nothing. `said`: stderr, where servers explain themselves. */
export function pushFailure(
  url: string,
  status: number,
  rejected: readonly RejectedRef[],
  said: string,
): GapferryError {
  if (TOO_LARGE.test(said)) return tooLarge(url);
  const lines = remoteLines(said);
  const unforced = rejected.filter(isUnforced);
  if (unforced.length > 0) return unforceable(url, unforced);
  if (rejected.some(({ reason }) => MOVED.test(reason))) return moved(url, rejected);
  // Who loses a race for a ref within a transaction learns it beside the answer.
  if (rejected.length > 0 && lines.some((line) => /^error: /.test(line) && MOVED.test(line)))
    return moved(url, rejected, lines);
  if (rejected.length > 0) return refused(url, rejected, lines);
  return fromTarget(gitFailure(`push to ${url}`, { kind: 'exit', status }, said, true), 'write');
}

/** Did the server or something before it take no body of this size? */
export function isTooLarge(error: unknown): boolean {
  return error instanceof GapferryError && error.data['tooLarge'] === true;
}

/** Did the server refuse refs of their own right, whatever they stand at? */
export function isRefused(error: unknown): boolean {
  return error instanceof GapferryError && Array.isArray(error.data['refused']);
}

function tooLarge(url: string): GapferryError {
  return new GapferryError({
    code: 'FORBIDDEN',
    origin: 'target',
    message: `${url} takes no push of that size (413), and what was pushed cannot be made smaller`,
    hint: 'raise the limit of the body at the host or the proxy before it (nginx: client_max_body_size)',
    data: { tooLarge: true, url },
  });
}

function moved(url: string, rejected: readonly RejectedRef[], lines: readonly string[] = []): GapferryError {
  const stale = lines.length > 0 ? rejected : rejected.filter(({ reason }) => MOVED.test(reason));
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `refs of ${url} are not what the plan saw; none was changed: ${listed(stale)}${wordsOf(lines)}`,
    hint: 'somebody changed them since the plan was made: look at them, then plan again',
    data: { url, moved: stale.map(({ ref }) => ref) },
  });
}

function refused(url: string, rejected: readonly RejectedRef[], lines: readonly string[]): GapferryError {
  return new GapferryError({
    code: 'FORBIDDEN',
    origin: 'target',
    message: `${url} refused the push, and no ref was changed: ${listed(rejected)}${wordsOf(lines)}`,
    hint: 'look for hooks, protection rules and the permissions of these credentials at the host',
    data: { url, refused: rejected.map(({ ref }) => ref) },
  });
}

/** A server says of a ref that stands where it should: `receive.denyNonFastForwards`. git here says it of one that moved. */
function isUnforced({ reason, byHost }: RejectedRef): boolean {
  return byHost && reason === 'non-fast-forward';
}

function unforceable(url: string, rejected: readonly RejectedRef[]): GapferryError {
  return new GapferryError({
    code: 'FORBIDDEN',
    origin: 'target',
    message: `${url} lets no branch be forced, and no ref was changed: ${listed(rejected)}`,
    hint: 'its repository has `receive.denyNonFastForwards` (of "git init --shared"): set it to false there, and run the import again',
    data: { url, refused: rejected.map(({ ref }) => ref) },
  });
}

/** What the server says itself. */
function remoteLines(said: string): string[] {
  return said
    .split('\n')
    .filter((line) => line.startsWith('remote: '))
    .map((line) => line.slice('remote: '.length).trim())
    .filter((line) => line !== '');
}

function wordsOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `; it says: ${printable(lines.slice(-4).join(' ').slice(0, 500))}`;
}

function listed(refs: readonly RejectedRef[]): string {
  const some = refs.slice(0, 5).map(({ ref, reason }) => `${printable(ref)} (${printable(reason)})`);
  return some.join(', ') + (refs.length > some.length ? ` and ${refs.length - some.length} more` : '');
}

const HINTS: Partial<Record<string, string>> = {
  UNAUTHORIZED: 'check `credentials` of the target in site.yaml (over SSH: `ssh`)',
  FORBIDDEN: 'the credentials of the target may not do this in the repository',
};

/** An error of a trip to a target: its side, and hints that fit it. */
export function fromTarget(error: unknown, how: 'read' | 'write'): GapferryError {
  if (!(error instanceof GapferryError) || isInterruption(error)) throw error;
  if (/returned error: 30\d|redirect/i.test(error.message)) return redirected(error);
  const known = /known_hosts/.test(error.hint ?? '');
  const hint = known ? error.hint : (HINTS[error.code] ?? (how === 'write' ? writeHint(error) : error.hint));
  return again(error, { code: error.code, ...(hint !== undefined && { hint }) });
}

function writeHint({ code, hint }: GapferryError): string | undefined {
  return code === 'SOURCE_NOT_FOUND' ? 'the repository is gone, or the credentials may not see it' : hint;
}

function redirected(error: GapferryError): GapferryError {
  return again(error, {
    code: 'PROTOCOL_VIOLATION',
    hint: 'the host sends gapferry to another address, which is not followed: write the address it really has into `url` of the target',
  });
}

function again(error: GapferryError, init: Pick<ErrorInit, 'code' | 'hint'>): GapferryError {
  return new GapferryError({
    ...init,
    message: error.message,
    origin: 'target',
    retryable: init.code === error.code && error.retryable,
    data: error.data,
    cause: error,
  });
}
