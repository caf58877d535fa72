import type { Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { type Bytes, GapferryError } from '@gapferry/core';
import { refused } from './local-error.ts';

export type Compression = 'gzip' | 'zstd';

/** How much packed bytes may become. */
export interface UnpackLimits {
  /** Bytes of one archive or layer. */
  readonly unpacked: number;
  /** Times its packed size. */
  readonly ratio: number;
  /** Bytes from which on the ratio counts: a small image may well be zeros. */
  readonly ratioFrom: number;
}

/** Bytes that have to be looked at to know a compression. */
export const MAGIC_LENGTH = 6;

/** Undefined for what is not compressed. Throws `CONTENT_INVALID` for compressions that are not read. */
export function compressionOf(beginning: Uint8Array, what: string): Compression | undefined {
  const begins = (hex: string): boolean => Buffer.from(beginning).toString('hex').startsWith(hex);
  if (begins('1f8b')) return 'gzip';
  if (begins('28b52ffd')) return 'zstd';
  const other = begins('fd377a585a00') ? 'xz' : begins('425a68') ? 'bzip2' : undefined;
  if (other === undefined) return undefined;
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${what} is packed with ${other}, which is not read`,
    hint: 'unpack it, or pack it with gzip or zstd',
    origin: 'source',
  });
}

/** Unpacks all of `packed`, which has `size` bytes. Throws `LIMIT_EXCEEDED` as soon as it becomes too much, `CONTENT_INVALID` for damage, cut ends, and bytes after the end. */
export async function* unpackedBytes(
  packed: Bytes,
  size: number,
  compression: Compression,
  limits: UnpackLimits,
  what: string,
): Bytes {
  const most = Math.min(limits.unpacked, Math.max(limits.ratioFrom, size * limits.ratio));
  const unpacker = createUnpacker(compression);
  const feeding = feed(packed, unpacker);
  let unpacked = 0;
  try {
    for await (const chunk of unpacker as AsyncIterable<Uint8Array>) {
      unpacked += chunk.byteLength;
      if (unpacked > most)
        throw refused(what, `it has ${size} bytes and unpacks to more than ${most}`, 'LIMIT_EXCEEDED');
      yield chunk;
    }
    // zlib ends in silence where the packed data end, whatever follows.
    if (bytesTaken(unpacker) !== size)
      throw refused(what, `there are other bytes after the end of the ${compression} data`);
  } catch (error) {
    throw isDamage(error) ? refused(what, `it cannot be unpacked: ${error.message}`) : error;
  } finally {
    unpacker.destroy();
    await feeding;
  }
}

const CHUNK = 64 << 10;

function createUnpacker(compression: Compression): Transform {
  if (compression === 'gzip') return createGunzip({ chunkSize: CHUNK });
  // 128 MiB is what zstd itself takes without being asked to.
  return createZstdDecompress({ chunkSize: CHUNK, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
}

/** One chunk at a time, so that the producer may use its chunk again, and nothing is copied. Never throws: what goes wrong ends the unpacker. */
async function feed(packed: Bytes, unpacker: Transform): Promise<void> {
  let proceed = (): void => {};
  // Of a chunk that it chokes on zlib says nothing more.
  unpacker.once('close', () => proceed());
  try {
    for await (const chunk of packed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      proceed = resolve;
      unpacker.write(chunk, () => resolve());
      await promise;
      if (unpacker.destroyed) return;
    }
    unpacker.end();
  } catch (error) {
    unpacker.destroy(error as Error);
  }
}

function bytesTaken(unpacker: Transform): number {
  return (unpacker as Transform & { readonly bytesWritten: number }).bytesWritten;
}

/** What zlib says has a code of its own; what the file system says has an errno. */
function isDamage(error: unknown): error is Error {
  return (
    error instanceof Error &&
    !(error instanceof GapferryError) &&
    /^(?:Z_|ZSTD_|ERR_ZSTD|ERR_BUFFER)/.test(String((error as NodeJS.ErrnoException).code))
  );
}
