import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Bytes } from '@gapferry/core';
import type { Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';

const HEAD_LIMIT = 65_536;

/** Runs a program as CGI (RFC 3875) for one request; the answer streams. The program is killed when the client goes away. */
export async function runCgi(
  program: string,
  request: TestRequest,
  env: Readonly<Record<string, string>>,
): Promise<Reply> {
  const child = spawn(program, [], {
    env: { ...env, ...metaVariables(request) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  await once(child, 'spawn');
  // A program may answer without reading everything: that ends this pipeline, not the request.
  pipeline(Readable.from(request.body), child.stdin).catch(() => {});
  const output = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const { head, rest } = await readHead(output);
  return { ...parseHead(head), body: following(rest, output) };
}

function metaVariables(request: TestRequest): Record<string, string> {
  const { headers } = request;
  const mark = request.url.indexOf('?');
  const forwarded = ['git-protocol', 'content-encoding', 'accept', 'accept-encoding', 'user-agent'] as const;
  return {
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_METHOD: request.method,
    PATH_INFO: request.path,
    QUERY_STRING: mark < 0 ? '' : request.url.slice(mark + 1),
    REMOTE_ADDR: '127.0.0.1',
    ...(headers['content-type'] !== undefined && { CONTENT_TYPE: headers['content-type'] }),
    ...(headers['content-length'] !== undefined && { CONTENT_LENGTH: headers['content-length'] }),
    ...Object.fromEntries(
      forwarded.flatMap((name) => {
        const value = headers[name];
        return value === undefined
          ? []
          : [[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, String(value)]];
      }),
    ),
  };
}

async function readHead(output: AsyncIterator<Buffer>): Promise<{ head: string; rest: Buffer }> {
  let seen = Buffer.alloc(0);
  for (;;) {
    const end = seen.indexOf('\r\n\r\n');
    if (end >= 0) return { head: seen.subarray(0, end).toString('latin1'), rest: seen.subarray(end + 4) };
    const next = await output.next();
    if (next.done === true || seen.byteLength > HEAD_LIMIT) throw new Error('the CGI program sent no head');
    seen = Buffer.concat([seen, next.value]);
  }
}

function parseHead(head: string): { status: number; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const { status = '200', ...others } = headers;
  return { status: Number.parseInt(status, 10), headers: others };
}

async function* following(rest: Buffer, output: AsyncIterator<Buffer>): Bytes {
  if (rest.byteLength > 0) yield rest;
  for (let next = await output.next(); next.done !== true; next = await output.next()) yield next.value;
}
