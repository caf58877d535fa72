import { GapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { notGit, readPackets } from './pkt-line.ts';

const MOST_BYTES = 268_435_456;

/** What a server says of a repository before anything else (gitprotocol-http, version 0): one answer with every ref. */
export interface Advertised {
  /** Object ids by full name; peeled tags are left out. */
  readonly refs: ReadonlyMap<string, string>;
  readonly capabilities: readonly string[];
}

/** Asks once. Throws what the client throws, and `PROTOCOL_VIOLATION` for an answer that is none of Git's, or came along a redirect: git pushes along none. */
export async function readAdvertisement(
  http: HttpClient,
  url: string,
  service: 'git-upload-pack' | 'git-receive-pack',
  run: Run,
): Promise<Advertised> {
  const asked = `${url}/info/refs?service=${service}`;
  const type = `application/x-${service}-advertisement`;
  const {
    body,
    headers,
    url: answered,
  } = await http.request(
    { url: asked, item: `the refs of ${url}`, headers: { Accept: type }, maxBytes: MOST_BYTES },
    run,
  );
  if (answered !== new URL(asked).href) throw redirectedError(url);
  if (!headers.get('content-type')?.startsWith(type)) throw notGit(url);
  return readRefs(Buffer.from(body), url);
}

function redirectedError(url: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'target',
    message: `${url} redirects to another address`,
  });
}

function readRefs(body: Buffer, url: string): Advertised {
  const refs = new Map<string, string>();
  let capabilities: string[] = [];
  for (const packet of readPackets(body, url)) {
    const [, oid, name, more] =
      /^([0-9a-f]{40}|[0-9a-f]{64}) ([^\0\n]+)(?:\0([^\n]*))?\n?$/.exec(packet?.toString('utf8') ?? '') ?? [];
    if (more !== undefined) capabilities = more.split(' ');
    if (oid !== undefined && name?.startsWith('refs/') && !name.endsWith('^{}')) refs.set(name, oid);
  }
  return { refs, capabilities };
}
