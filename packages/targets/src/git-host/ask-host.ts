import { type ErrorCode, GapferryError, printable, type Run } from '@gapferry/core';
import type { HostAnswer, HostApi, HostRequest } from './git-host.ts';

/** Asks, and makes an error of every status but 2xx and those of `accept`, with what the host says about it. */
export async function askHost(api: HostApi, request: HostRequest, run: Run): Promise<HostAnswer> {
  const answer = await api.ask(request, run);
  const isFine = answer.status >= 200 && answer.status < 300;
  if (isFine || request.accept?.includes(answer.status)) return answer;
  throw refusal(request, answer);
}

const CODES: Readonly<Record<number, ErrorCode>> = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN' };

const HINTS: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED:
    'check `credentials` of the target in site.yaml: user name and an access token that is still valid',
  FORBIDDEN:
    'the access token of the target may not do this: look at its scopes and at the permissions of its user',
};

function refusal({ method, path }: HostRequest, { status, value }: HostAnswer): GapferryError {
  const code = CODES[status] ?? 'PROTOCOL_VIOLATION';
  const hint = HINTS[code];
  const words = wordsIn(value);
  return new GapferryError({
    code,
    origin: 'target',
    message: `the host answered ${method} ${path} with ${status}${words === '' ? '' : `: ${words}`}`,
    ...(hint !== undefined && { hint }),
    data: { status },
  });
}

/** Gitea: `{message}`. GitLab: `{message: text | {member: [texts]}}` or `{error}`. Quay: `{error_message}`. Harbor: `{errors: [{code, message}]}`. */
function wordsIn(value: unknown): string {
  const [first] = listOf(memberOf(value, 'errors'));
  const said = ['error_message', 'message', 'error']
    .map((name) => memberOf(value, name) ?? memberOf(first, name))
    .find((words) => words !== undefined);
  const text = typeof said === 'string' ? said : said === undefined ? '' : JSON.stringify(said);
  return printable(text.slice(0, 300));
}

/** What the host says of its answer; empty where it says nothing. */
export function saidBy({ value }: HostAnswer): string {
  return wordsIn(value);
}

/** A member of a JSON object; undefined for everything else. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

export function textIn(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

export function numberIn(value: unknown, name: string): number | undefined {
  const member = memberOf(value, name);
  return typeof member === 'number' ? member : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
