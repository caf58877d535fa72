import { crc32 } from 'node:zlib';
import type { Bytes } from '@gapferry/core';
import { type Content, concatContent, memoryContent } from './content.ts';

/** Largest stored block of DEFLATE (RFC 1951 section 3.2.4), in bytes. */
const BLOCK = 65_535;
const BLOCK_HEAD = 5;

/** Wraps content in gzip (RFC 1952) without compressing it, readable from any offset in constant memory: the shape of a real layer at the price of a copy.
 *  Reads the content once for its checksum. */
export async function storedGzip(content: Content): Promise<Content> {
  let checksum = 0;
  for await (const chunk of content.open(0)) checksum = crc32(chunk, checksum);
  const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(checksum, 0);
  tail.writeUInt32LE(content.size % 2 ** 32, 4);
  return concatContent([memoryContent(head), storedBlocks(content), memoryContent(tail)]);
}

function storedBlocks(content: Content): Content {
  const blocks = Math.max(1, Math.ceil(content.size / BLOCK));
  return { size: content.size + blocks * BLOCK_HEAD, open: (from) => readBlocks(content, blocks, from) };
}

async function* readBlocks(content: Content, blocks: number, from: number): Bytes {
  const first = Math.floor(from / (BLOCK + BLOCK_HEAD));
  let skip = from % (BLOCK + BLOCK_HEAD);
  let block = first;
  for await (const body of inBlocks(content.open(first * BLOCK))) {
    const whole = Buffer.concat([blockHead(body.byteLength, block === blocks - 1), body]);
    yield whole.subarray(skip);
    skip = 0;
    block += 1;
  }
  if (content.size === 0) yield blockHead(0, true).subarray(skip);
}

function blockHead(length: number, isLast: boolean): Buffer {
  const head = Buffer.alloc(BLOCK_HEAD);
  head.writeUInt8(isLast ? 1 : 0, 0);
  head.writeUInt16LE(length, 1);
  head.writeUInt16LE(length ^ 0xffff, 3);
  return head;
}

/** Cuts any chunks into pieces of exactly one block, the last one shorter. */
async function* inBlocks(bytes: Bytes): AsyncIterable<Buffer> {
  const block = Buffer.alloc(BLOCK);
  let filled = 0;
  for await (const chunk of bytes)
    for (let at = 0; at < chunk.byteLength; ) {
      const piece = chunk.subarray(at, at + BLOCK - filled);
      block.set(piece, filled);
      filled += piece.byteLength;
      at += piece.byteLength;
      if (filled < BLOCK) continue;
      yield block;
      filled = 0;
    }
  if (filled > 0) yield block.subarray(0, filled);
}
