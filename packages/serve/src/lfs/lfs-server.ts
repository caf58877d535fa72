import type { BlobReader, SizedDigest } from '@gapferry/core';
import { digestFromHex, hexOf, isGapferryError } from '@gapferry/core';
import { requestBody } from '../git/request-body.ts';
import type { Answer } from '../http/answer.ts';
import { contentAnswer } from '../http/content-answer.ts';
import type { ServedRequest } from '../http/served-request.ts';
import { createRangeReader } from '../registry/verified-range.ts';
import { createLfsListing, type LfsListing } from './lfs-listing.ts';
import { type BatchQuestion, readQuestion } from './read-question.ts';

/** Where Git LFS of one repository is. */
export interface LfsPlace {
  /** The bare repository. */
  readonly directory: string;
  /** Of its `info/lfs`, as the client reaches it. */
  readonly url: string;
}

/** Git LFS for reading only: the batch API (git-lfs docs/api/batch.md) with the `basic` transfer. A repository serves the objects that it lists, and no other blob of the depot. */
export interface LfsServer {
  /** `rest`: what follows `info/lfs/`. */
  answer(rest: string, place: LfsPlace, request: ServedRequest): Promise<Answer>;
}

const TYPE = 'application/vnd.git-lfs+json';
/** A question about 1,000 objects has about 100,000 bytes. */
const MOST_BYTES = 1 << 20;

/** `listing`: see `ServedContentRoots`. */
export function createLfsServer(store: BlobReader, listing: string | undefined): LfsServer {
  const ranges = createRangeReader(store);
  const objects: Objects = { store, listing: createLfsListing(listing) };
  return {
    async answer(rest, place, request) {
      if (rest === 'objects/batch') return await batch(objects, place, request);
      const [, hex, size] = /^objects\/([0-9a-f]{64})\/(0|[1-9]\d{0,15})$/.exec(rest) ?? [];
      if (hex === undefined) return message(404, 'this part of the Git LFS API is not offered here');
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return message(405, 'GET only', { Allow: 'GET, HEAD' });
      const blob = { digest: digestFromHex(hex), size: Number(size) };
      if (!(await isHere(objects, place, blob, request))) return message(404, 'this object is not here');
      return contentAnswer(
        {
          ...blob,
          headers: { 'Content-Type': 'application/octet-stream' },
          whole: () => store.open(blob, request.run),
          range: (range) => ranges.range(blob, range, request.run),
        },
        request.headers,
      );
    },
  };
}

interface Objects {
  readonly store: BlobReader;
  readonly listing: LfsListing;
}

async function isHere(
  { store, listing }: Objects,
  { directory }: LfsPlace,
  blob: SizedDigest,
  { run }: ServedRequest,
): Promise<boolean> {
  if (!Number.isSafeInteger(blob.size)) return false;
  return (await listing.has(directory, blob)) && (await store.has(blob, run));
}

async function batch(known: Objects, place: LfsPlace, request: ServedRequest): Promise<Answer> {
  const refusal = judgeHead(request);
  if (refusal !== undefined) return refusal;
  try {
    const question = readQuestion(await wholeBody(request));
    if ('why' in question) return message(question.status, question.why);
    if (question.operation === 'upload') return message(403, 'this server takes no objects');
    const objects = await Promise.all(
      question.objects.map((object) => answerOne(known, place, object, request)),
    );
    return lfsAnswer(200, { transfer: 'basic', hash_algo: 'sha256', objects });
  } catch (error) {
    if (isGapferryError(error, 'LIMIT_EXCEEDED')) return message(413, 'this question is too large');
    if (isGapferryError(error, 'CONTENT_INVALID')) return message(415, error.message);
    throw error;
  }
}

function judgeHead({ method, headers }: ServedRequest): Answer | undefined {
  if (method !== 'POST') return message(405, 'POST only', { Allow: 'POST' });
  const { accept = TYPE, 'content-type': sent = '' } = headers;
  const kinds = accept.split(',').map((kind) => kind.replace(/;.*$/s, '').trim());
  if (!kinds.some((kind) => [TYPE, 'application/*', '*/*'].includes(kind)))
    return message(406, `this server speaks ${TYPE}`);
  return sent.replace(/;.*$/s, '').trim() === TYPE ? undefined : message(415, `send ${TYPE}`);
}

async function wholeBody({ body, headers }: ServedRequest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of requestBody(body, headers, MOST_BYTES)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

/** The size stands in the address: an id alone does not say whether the object is whole. */
async function answerOne(
  known: Objects,
  place: LfsPlace,
  { oid, size }: BatchQuestion['objects'][number],
  request: ServedRequest,
): Promise<unknown> {
  const isForm = /^[0-9a-f]{64}$/.test(oid) && Number.isSafeInteger(size) && size >= 0;
  if (!isForm) return { oid, size, error: { code: 422, message: 'this is no object id and size' } };
  const blob = { digest: digestFromHex(oid), size };
  if (!(await isHere(known, place, blob, request)))
    return { oid, size, error: { code: 404, message: 'Object does not exist' } };
  return { oid, size, actions: { download: { href: `${place.url}/objects/${hexOf(blob.digest)}/${size}` } } };
}

function message(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return lfsAnswer(status, { message: text }, headers);
}

function lfsAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': TYPE, 'Cache-Control': 'no-cache', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}
