import { spawn } from 'node:child_process';
import { GapferryError, isGapferryError, parseJson, printable } from '@gapferry/core';
import type { Credentials } from '@gapferry/http';
import { reasonOf } from '../environment.ts';

export interface HelperOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until it is stopped; default 60,000: some ask a person or a cloud service. */
  readonly timeoutMs?: number;
}

/** What it answers is short. */
const MOST_OUTPUT = 1 << 20;

/** Asks `docker-credential-NAME get` (the protocol of docker-credential-helpers: the server on standard input, JSON on standard output).
 *  Undefined when it has none for the server. Throws `TOOL_MISSING`, or `USAGE` when it fails in any other way: that is not the same as having none. */
export async function askCredentialHelper(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const { status, output } = await runHelper(program, server, options);
  if (status === 0) return readAnswer(output, program, server);
  const said = output.toString('utf8').trim();
  if (/^credentials not found\b/i.test(said)) return undefined;
  throw failed(program, server, `it ended with ${status}${quoted(said)}`);
}

function readAnswer(output: Buffer, program: string, server: string): Credentials | undefined {
  const { Username: username, Secret: secret } = parseAnswer(output, program, server);
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw failed(program, server, 'its answer has no user name and secret');
  if (username === '' && secret === '') return undefined;
  return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}

/** Nothing of the answer may get into a message. */
function parseAnswer(output: Buffer, program: string, server: string): Record<string, unknown> {
  try {
    const answer = parseJson(output, program, { maxBytes: MOST_OUTPUT, maxDepth: 8 });
    return (answer ?? {}) as Record<string, unknown>;
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    throw failed(program, server, 'its answer is not JSON');
  }
}

function runHelper(
  program: string,
  server: string,
  { environment, timeoutMs = 60_000 }: HelperOptions,
): Promise<{ status: number | string; output: Buffer }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { env: environment, stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (why: string): void => {
      child.kill('SIGKILL');
      child.stdout.destroy();
      reject(failed(program, server, why));
    };
    const timer = setTimeout(() => stop(`no answer within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > MOST_OUTPUT) return stop('it writes without end');
      chunks.push(chunk);
    });
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(notStarted(program, server, cause));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ status: code ?? signal ?? 'no status', output: Buffer.concat(chunks) });
    });
    // One that does not read what it is asked says so by its status.
    child.stdin.on('error', () => {});
    child.stdin.end(server);
  });
}

function notStarted(program: string, server: string, cause: NodeJS.ErrnoException): GapferryError {
  if (cause.code !== 'ENOENT') return failed(program, server, reasonOf(cause));
  return new GapferryError({
    code: 'TOOL_MISSING',
    message: `the Docker config names the credential helper ${program} for ${server}, and there is no such program`,
    hint: `install ${program}, or take it out of the Docker config and log in without it`,
    data: { helper: program, server },
  });
}

function failed(program: string, server: string, why: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `the credential helper ${program} did not answer for ${server}: ${why}`,
    hint: `try it: ${program} list`,
    data: { helper: program, server },
  });
}

/** Its complaint in one line, unless that looks like an answer. */
function quoted(said: string): string {
  if (said === '' || /[{"]/.test(said)) return '';
  return `: ${printable(said.replace(/\s+/g, ' ')).slice(0, 200)}`;
}
