import { randomUUID } from 'node:crypto';
import { type Digest, digestOf, isDigest } from '@gapferry/core';
import { memoryContent } from '../content/content.ts';
import type { Reply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';
import { RegistryError } from './registry-error.ts';
import type { RegistryQuirks } from './registry-quirks.ts';
import type { RegistryStore } from './registry-store.ts';

interface Upload {
  readonly name: string;
  bytes: Buffer;
  /** Changes with every request: only the last Location may be used. */
  state: number;
  /** The last chunk was shorter than chunks must be: it must have been the last. */
  short: boolean;
}

/** Upload sessions: POST, PATCH, PUT, GET, DELETE (distribution-spec, pushing blobs). */
export class BlobUploads {
  readonly #store: RegistryStore;
  readonly #quirks: RegistryQuirks;
  readonly #uploads = new Map<string, Upload>();

  constructor(store: RegistryStore, quirks: RegistryQuirks = {}) {
    this.#store = store;
    this.#quirks = quirks;
  }

  /** How many uploads were begun and neither finished nor cancelled. */
  get open(): number {
    return this.#uploads.size;
  }

  async begin(request: TestRequest, name: string, mayReadFrom: (name: string) => boolean): Promise<Reply> {
    const mounted = this.#mount(request, name, mayReadFrom);
    if (mounted !== undefined) return mounted;
    const digest = request.query.get('digest');
    const body = await readBody(request);
    if (digest !== null && this.#quirks.ignoresPostDigest !== true) return this.#keep(name, digest, body);
    const id = randomUUID();
    const upload = { name, bytes: Buffer.alloc(0), state: 0, short: false };
    this.#uploads.set(id, upload);
    const { minChunk } = this.#quirks;
    const reply = this.#accepted(request, id, upload);
    if (minChunk === undefined) return reply;
    return { ...reply, headers: { ...reply.headers, 'oci-chunk-min-length': String(minChunk) } };
  }

  async continue(request: TestRequest, name: string, id: string): Promise<Reply> {
    const upload = this.#find(request, name, id);
    switch (request.method) {
      case 'GET':
        return { ...this.#accepted(request, id, upload), status: 204 };
      case 'DELETE':
        this.#uploads.delete(id);
        return { status: 204 };
      case 'PATCH':
        await this.#append(request, id, upload);
        return this.#accepted(request, id, upload);
      case 'PUT':
        return this.#finish(request, id, upload);
      default:
        throw new RegistryError('UNSUPPORTED', 'the operation is unsupported');
    }
  }

  #find(request: TestRequest, name: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.name !== name)
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { id });
    const stale = request.query.get('_state') !== String(upload.state);
    if (stale && request.method !== 'GET' && request.method !== 'DELETE')
      throw new RegistryError('BLOB_UPLOAD_INVALID', 'this is not the Location of the last answer', { id });
    return upload;
  }

  /** A connection cut in the middle of a chunk ends the session, as distribution 2.8 does. */
  async #append(request: TestRequest, id: string, upload: Upload): Promise<void> {
    this.#requireOctets(request);
    if (this.#quirks.ignoresContentRange !== true) requireContiguous(request, upload);
    if (upload.short && request.method === 'PATCH')
      throw new RegistryError('SIZE_INVALID', 'the chunk before was too short', null, {}, 400);
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of request.body) pieces.push(Buffer.from(piece));
      upload.state += 1;
    } catch (error) {
      if (this.#quirks.cutChunk !== 'kept') this.#uploads.delete(id);
      throw error;
    } finally {
      const size = upload.bytes.byteLength;
      upload.bytes = Buffer.concat([upload.bytes, ...pieces]);
      upload.short = upload.bytes.byteLength - size < (this.#quirks.minChunk ?? 0);
    }
  }

  async #finish(request: TestRequest, id: string, upload: Upload): Promise<Reply> {
    const digest = request.query.get('digest');
    if (digest === null) throw new RegistryError('DIGEST_INVALID', 'digest missing');
    await this.#append(request, id, upload);
    this.#uploads.delete(id);
    return this.#keep(upload.name, digest, upload.bytes);
  }

  #requireOctets(request: TestRequest): void {
    const type = request.headers['content-type'];
    if (this.#quirks.octetsOnly !== true || type === 'application/octet-stream') return;
    throw new RegistryError('UNSUPPORTED', `bad gateway for ${type}`, null, {}, 502);
  }

  #accepted(request: TestRequest, id: string, upload: Upload): Reply {
    const reply = accepted(id, upload);
    if (this.#quirks.absoluteLocations !== true) return reply;
    const location = `http://${request.headers.host}${reply.headers?.['location']}`;
    return { ...reply, headers: { ...reply.headers, location } };
  }

  /** Harbor counts what all blobs of a project take, and says so in these words. */
  #requireRoom(name: string, digest: Digest, size: number): void {
    const { quota, quotaStatus = 403 } = this.#quirks;
    const room =
      typeof quota === 'function'
        ? quota(name, digest)
        : quota !== undefined && { used: this.#store.blobBytes(), limit: quota };
    if (!room || room.used + size <= room.limit) return;
    const words = `adding ${size} B of storage resource, which when updated to current usage of ${room.used} B will exceed the configured upper limit of ${room.limit} B.`;
    throw new RegistryError('DENIED', words, null, {}, quotaStatus);
  }

  #keep(name: string, digest: string, bytes: Buffer): Reply {
    if (!isDigest(digest) || digestOf(bytes) !== digest)
      throw new RegistryError('DIGEST_INVALID', 'provided digest did not match uploaded content', { digest });
    this.#requireRoom(name, digest, bytes.byteLength);
    this.#store.create(name).blobs.set(digest, memoryContent(bytes));
    return created(name, digest);
  }

  #mount(request: TestRequest, name: string, mayReadFrom: (name: string) => boolean): Reply | undefined {
    const digest = request.query.get('mount');
    const from = request.query.get('from');
    if (this.#quirks.neverMounts === true) return undefined;
    if (!isDigest(digest) || from === null || !mayReadFrom(from)) return undefined;
    const content = this.#store.find(from)?.blobs.get(digest);
    if (content === undefined) return undefined;
    this.#store.create(name).blobs.set(digest, content);
    return created(name, digest);
  }
}

function requireContiguous(request: TestRequest, upload: Upload): void {
  const range = request.headers['content-range'];
  if (range === undefined) return;
  const match = /^(\d+)-(\d+)$/.exec(range);
  const length = request.headers['content-length'];
  const wrong =
    match === null ||
    Number(match[1]) !== upload.bytes.byteLength ||
    (length !== undefined && Number(match[2]) - Number(match[1]) + 1 !== Number(length));
  if (wrong)
    throw new RegistryError('RANGE_INVALID', 'chunk is out of order', { range }, rangeHeader(upload));
}

function accepted(id: string, upload: Upload): Reply {
  return {
    status: 202,
    headers: {
      location: `/v2/${upload.name}/blobs/uploads/${id}?_state=${upload.state}`,
      'docker-upload-uuid': id,
      ...rangeHeader(upload),
    },
  };
}

function rangeHeader(upload: Upload): Record<string, string> {
  return { range: `0-${Math.max(0, upload.bytes.byteLength - 1)}` };
}

function created(name: string, digest: Digest): Reply {
  return {
    status: 201,
    headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
  };
}
