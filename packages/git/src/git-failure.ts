import { type ErrorCode, type ErrorInit, GapferryError, printable } from '@gapferry/core';
import type { ProcessEnd } from './git-process.ts';
import { UNSAFE_HISTORY } from './packing/refuse-history.ts';

interface Meaning {
  readonly words: RegExp;
  readonly code: ErrorCode;
  readonly retryable?: boolean;
  readonly hint?: string;
}

/** Known words of git (LC_ALL=C), with what they mean. The first that matches counts. */
const ANYWHERE: readonly Meaning[] = [
  {
    words: /transport '[^']*' not allowed/i,
    code: 'FORBIDDEN',
    hint: 'the server sent gapferry to another kind of address, and gapferry did not follow',
  },
  { words: /no space left/i, code: 'NO_SPACE', hint: 'free some space and run the same command again' },
];

/** Words of git, curl and ssh that mean this only where another host is spoken to: a damaged pack here also has an early end. */
const FAR: readonly Meaning[] = [
  { words: /fsck error/i, code: 'CONTENT_INVALID', hint: UNSAFE_HISTORY },
  {
    words: /possible repository corruption on the remote side/i,
    code: 'CONTENT_INVALID',
    hint: UNSAFE_HISTORY,
  },
  {
    words: /not our ref|unadvertised object|couldn't find remote ref|no such remote ref/i,
    code: 'SOURCE_NOT_FOUND',
    hint: 'upstream no longer has this commit: resolve again',
  },
  {
    words: /shallow/i,
    code: 'CONTENT_INVALID',
    hint: 'the repository was cloned with a cut history; complete it with `git fetch --unshallow`',
  },
  {
    words: /host key verification failed/i,
    code: 'UNAUTHORIZED',
    hint: 'add the host to known_hosts after checking its fingerprint',
  },
  {
    words:
      /authentication failed|terminal prompts disabled|could not read (?:username|password)|permission denied|returned error: 401/i,
    code: 'UNAUTHORIZED',
    hint: 'give credentials for this host, or check that they may read the repository',
  },
  { words: /returned error: 403/i, code: 'FORBIDDEN', hint: 'the credentials may not read this repository' },
  { words: /returned error: 429/i, code: 'RATE_LIMITED', retryable: true },
  { words: /returned error: 5\d\d/i, code: 'SERVER_ERROR', retryable: true },
  {
    words: /dubious ownership/i,
    code: 'UNAUTHORIZED',
    hint: 'the repository belongs to another user: read it as its owner, or over HTTP or SSH',
  },
  {
    words:
      /repository '[^']*' not found|returned error: 404|does not appear to be a git repository|repository not found|project you were looking for could not be found/i,
    code: 'SOURCE_NOT_FOUND',
    hint: 'check the URL; many hosts also say so when the credentials may not see the repository',
  },
  {
    words: /certificate|ssl connect error|gnutls|openssl/i,
    code: 'UNREACHABLE',
    hint: 'if a private authority signed its certificate, name a PEM file with the certificate of that authority: `ca` of the target in site.yaml, `ca` of the host under `hosts` in bundle.yaml, or GAPFERRY_CA',
  },
  {
    words:
      /could not resolve host|failed to connect|couldn't connect|connection refused|connection timed out|no route to host|network is unreachable|name or service not known/i,
    code: 'UNREACHABLE',
    retryable: true,
  },
  { words: /operation too slow|timed? ?out/i, code: 'TIMED_OUT', retryable: true },
  {
    words:
      /early eof|hung up|unexpected disconnect|rpc failed|empty reply|recv failure|connection reset|connection closed|transfer closed|getpeername|send failure|broken pipe/i,
    code: 'CONNECTION_CUT',
    retryable: true,
  },
];

/** Turns the end of a git process into the error that names it. `doing` reads like `list the refs of https://…`; `far`: another host, or another repository, was spoken to. */
export function gitFailure(doing: string, end: ProcessEnd, complaint: string, far: boolean): GapferryError {
  if (end.kind === 'aborted')
    return new GapferryError({
      code: 'INTERRUPTED',
      message: 'stopped on request',
      hint: 'run the same command again: it continues where it stopped',
    });
  if (end.kind === 'idle')
    return failure(doing, `nothing was heard for ${Math.round(end.ms / 100) / 10} s`, {
      code: 'TIMED_OUT',
      retryable: true,
    });
  if (end.kind === 'unread')
    return failure(doing, 'there are bytes after its end', { code: 'CONTENT_INVALID' });
  if (end.kind === 'unstarted') return toolMissing(end.cause.message);
  const said =
    lastWords(complaint) ||
    (end.kind === 'exit' ? `git exited with status ${end.status}` : `git was ended by ${end.name}`);
  // Quoted names do not count: a repository may be called `shallow` or `certificate`.
  const words = complaint.replace(/'[^']*'/g, "''");
  const meaning = [...ANYWHERE, ...(far ? FAR : [])].find((known) => known.words.test(words));
  if (meaning === undefined) return failure(doing, said, { code: 'GIT_FAILED' });
  const { code, hint, retryable } = meaning;
  return failure(doing, said, {
    code,
    ...(code === 'SOURCE_NOT_FOUND' && { origin: 'source' }),
    ...(hint !== undefined && { hint }),
    ...(retryable !== undefined && { retryable }),
  });
}

export function toolMissing(why: string): GapferryError {
  return new GapferryError({
    code: 'TOOL_MISSING',
    message: `git cannot be used: ${printable(why)}`,
    hint: 'install git 2.39 or newer and put it on the PATH',
  });
}

function failure(doing: string, said: string, init: Omit<ErrorInit, 'message'>): GapferryError {
  return new GapferryError({ ...init, message: `could not ${printable(doing)}: ${said}` });
}

function lastWords(complaint: string): string {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '');
  return printable(lines.slice(-4).join('; ').slice(-1000));
}
