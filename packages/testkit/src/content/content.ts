import { open, stat } from 'node:fs/promises';
import { type Bytes, type SizedDigest, sha256 } from '@gapferry/core';
import { seededBytes, seededText } from './seeded-bytes.ts';

/** Bytes that can be read again and again, from any offset, without being in memory. */
export interface Content {
  readonly size: number;
  open(from: number): Bytes;
}

const CHUNK = 1_048_576;

export function memoryContent(bytes: Uint8Array | string): Content {
  const whole = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return {
    size: whole.byteLength,
    async *open(from) {
      for (let at = from; at < whole.byteLength; at += CHUNK) yield whole.subarray(at, at + CHUNK);
    },
  };
}

/** A file on disk, read in chunks of at most 1 MiB. Its size is taken now. */
export async function fileContent(path: string): Promise<Content> {
  const { size } = await stat(path);
  return { size, open: (from) => readFileFrom(path, from, Math.max(1, Math.min(CHUNK, size))) };
}

/** Incompressible bytes that are computed while they are read: see `seededBytes`. */
export function seededContent(size: number, seed: string | number): Content {
  return { size, open: (from) => seededBytes(size, seed, from) };
}

/** Text that gzip halves, computed while it is read. */
export function compressibleContent(size: number, seed: string | number): Content {
  return { size, open: (from) => seededText(size, seed, from) };
}

/** Parts one after the other. */
export function concatContent(parts: readonly Content[]): Content {
  return {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    async *open(from) {
      let skip = from;
      for (const part of parts) {
        if (skip < part.size) yield* part.open(skip);
        skip = Math.max(0, skip - part.size);
      }
    },
  };
}

export function toContent(content: Content | Uint8Array | string): Content {
  return typeof content === 'string' || content instanceof Uint8Array ? memoryContent(content) : content;
}

/** Reads the content once to know its digest. */
export async function sizedDigestOf(content: Content): Promise<SizedDigest> {
  const hash = sha256();
  for await (const chunk of content.open(0)) hash.update(chunk);
  return { digest: hash.digest(), size: content.size };
}

/** All of it in memory. For small content. */
export async function readContent(content: Content): Promise<Uint8Array> {
  const whole = new Uint8Array(content.size);
  let at = 0;
  for await (const chunk of content.open(0)) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

async function* readFileFrom(path: string, from: number, chunk: number): Bytes {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(chunk);
  let position = from;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, chunk, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
