import { GapferryError, parseJson, printable, type Run } from '@gapferry/core';
import { connectSettings } from '../connect-to.ts';
import { gitEnvironment } from '../git-environment.ts';
import { gitFailure } from '../git-failure.ts';
import { startProcess } from '../git-process.ts';
import { accessTo, type RemoteOptions, sshWords } from '../git-remote.ts';
import { accessSchema, addressOf, expiryOf } from './access.ts';
import type { LfsEndpoint } from './lfs-endpoint.ts';

export interface SshLfsOptions extends RemoteOptions {
  /** As in `GitOptions`: PATH, where ssh is looked up, and the agent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const MOST_BYTES = 65_536;
/** Asks a Git host over SSH where its Git LFS server is and what to say to it (git-lfs docs/api/authentication.md, `git-lfs-authenticate`). Throws `UNAUTHORIZED`, `UNREACHABLE`, `PROTOCOL_VIOLATION`,
 *  and `GIT_FAILED` where the host does not know the command. */
export async function sshAuthenticate(
  url: string,
  operation: 'download' | 'upload',
  options: SshLfsOptions,
  run: Run,
): Promise<LfsEndpoint> {
  const { effective } = await connectSettings(url, options.connectTo);
  const { hostname, port, username, pathname } = new URL(effective);
  const path = decodeURIComponent(pathname).replaceAll("'", `'\\''`);
  const started = startProcess({
    program: 'ssh',
    args: [
      ...sshWords(accessTo(url, options).ssh ?? {}),
      ...(port === '' ? [] : ['-p', port]),
      '--',
      `${username === '' ? '' : `${username}@`}${hostname.replace(/^\[|\]$/g, '')}`,
      `git-lfs-authenticate '${path}' ${operation}`,
    ],
    directory: '/',
    environment: gitEnvironment(options.environment ?? {}, '/dev/null', {}),
    signal: run.signal,
    idleTimeoutMs: options.idleTimeoutMs ?? 120_000,
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of started.output) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw wrong(url, `has more than ${MOST_BYTES} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  const end = await started.ended;
  if (end.kind !== 'exit' || end.status !== 0)
    throw gitFailure(`ask ${url} for its Git LFS server`, end, started.complaint(), true);
  return readTold(Buffer.concat(chunks), url);
}

/** What was said is a secret: no error quotes it. */
function readTold(bytes: Uint8Array, url: string): LfsEndpoint {
  const what = `what ${url} says of its Git LFS server`;
  const parsed = accessSchema.safeParse(parseJson(bytes, what, { maxBytes: MOST_BYTES, maxDepth: 6 }));
  if (!parsed.success) throw wrong(url, 'breaks the form of an answer');
  const place = addressOf(parsed.data);
  if (place === undefined) throw wrong(url, 'is no http or https URL');
  const { header = {} } = parsed.data;
  return { url: place.href.replace(/\/+$/, ''), header, ...expiryOf(parsed.data, Date.now()) };
}

function wrong(url: string, why: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'source',
    message: printable(`the address of the Git LFS server that ${url} gives over SSH ${why}`),
    hint: 'write the https:// address of the repository in bundle.yaml, or say "lfs: none"',
  });
}
