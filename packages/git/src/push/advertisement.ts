import type { Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { notGit, readPackets } from './pkt-line.ts';

const MOST_BYTES = 268_435_456;

/** What a server says of a repository before anything else (gitprotocol-http, version 0): one answer with every ref. */
export interface Advertised {
  /** Object ids by full name; peeled tags are left out. */
  readonly refs: ReadonlyMap<string, string>;
  readonly capabilities: readonly string[];
  /** Where the answer came from, when it came along a redirect. */
  readonly redirectedTo?: string;
}

/** Asks once. Throws what the client throws, and `PROTOCOL_VIOLATION` for an answer that is none of Git's. */
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
  const redirected = answered === new URL(asked).href ? {} : { redirectedTo: answered };
  if (!headers.get('content-type')?.startsWith(type)) throw notGit(url);
  return { ...readRefs(Buffer.from(body), url), ...redirected };
}

function readRefs(body: Buffer, url: string): Pick<Advertised, 'refs' | 'capabilities'> {
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
