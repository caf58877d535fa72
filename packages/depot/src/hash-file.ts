import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';

/** One file to hash. Plain data: it travels to a worker. This module and hash-worker.ts import nothing but Node, so that a worker starts from source and from dist alike. */
export interface HashJob {
  readonly path: string;
  /** Bytes the file must have. */
  readonly size: number;
  /** Read past the page cache where the file system can. */
  readonly direct: boolean;
}

export type HashResult =
  | { readonly state: 'read' /** 64 hex digits */; readonly hex: string; readonly direct: boolean }
  | { readonly state: 'missing' }
  | { readonly state: 'wrong-size'; readonly size: number }
  | { readonly state: 'unreadable'; readonly detail: string; readonly errno?: string };

const READ: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** From the page cache: what stays in a core's own cache until it is hashed. O_DIRECT does no read-ahead: larger reads make up for it. */
const BUFFER_SIZE = { cached: 256 << 10, direct: 4 << 20 } as const;

/** The compiler's library without a browser does not know it; Node has it. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

/** Pages of WebAssembly memory are aligned to the machine's pages, as O_DIRECT asks. One per worker, made when it is needed. */
let aligned: Uint8Array | undefined;
let ordinary: Uint8Array | undefined;

/** Hashes a regular file, following no link. Synchronous: it runs in a worker. `onBytes` is told the size of every read. */
export function hashFile(job: HashJob, onBytes: (bytes: number) => void): HashResult {
  let at = 0;
  try {
    if (!lstatSync(job.path).isFile()) return { state: 'unreadable', detail: 'is not a regular file' };
    const counted = (bytes: number): void => {
      at += bytes;
      onBytes(bytes);
    };
    const direct = job.direct ? tryDirect(job, counted) : undefined;
    return direct ?? readAndHash(job, openSync(job.path, READ), false, counted);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    if (errno === 'ENOENT') return { state: 'missing' };
    if (errno === 'ELOOP') return { state: 'unreadable', detail: 'is not a regular file' };
    return {
      state: 'unreadable',
      detail: `read error at ${at} (${errno ?? String(error)})`,
      ...(errno !== undefined && { errno }),
    };
  }
}

/** Undefined when this file system knows no O_DIRECT: then nothing was read yet. */
function tryDirect(job: HashJob, onBytes: (bytes: number) => void): HashResult | undefined {
  if (constants.O_DIRECT === undefined) return undefined;
  let begun = false;
  try {
    return readAndHash(job, openSync(job.path, READ | constants.O_DIRECT), true, (bytes) => {
      begun = true;
      onBytes(bytes);
    });
  } catch (error) {
    if (!begun && ['EINVAL', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

/** Closes the file. */
function readAndHash(
  job: HashJob,
  file: number,
  direct: boolean,
  onBytes: (bytes: number) => void,
): HashResult {
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) return { state: 'unreadable', detail: 'is not a regular file' };
    if (facts.size !== job.size) return { state: 'wrong-size', size: facts.size };
    const buffer = direct ? alignedBuffer() : ordinaryBuffer();
    const hash = createHash('sha256');
    let position = 0;
    while (position < job.size) {
      const bytesRead = readSync(file, buffer, 0, buffer.byteLength, position);
      if (bytesRead === 0) return { state: 'wrong-size', size: position };
      position += bytesRead;
      hash.update(buffer.subarray(0, bytesRead));
      onBytes(bytesRead);
    }
    if (position !== job.size) return { state: 'wrong-size', size: position };
    return { state: 'read', hex: hash.digest('hex'), direct };
  } finally {
    closeSync(file);
  }
}

function alignedBuffer(): Uint8Array {
  aligned ??= new Uint8Array(new WebAssembly.Memory({ initial: BUFFER_SIZE.direct / 65_536 }).buffer);
  return aligned;
}

function ordinaryBuffer(): Uint8Array {
  ordinary ??= new Uint8Array(BUFFER_SIZE.cached);
  return ordinary;
}
