import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SizedDigest } from './descriptor.ts';
import { type Digest, digestOf } from './digest.ts';
import { isGapferryError } from './errors.ts';
import { readVerified, verifiedBytes } from './verified-bytes.ts';

const blobOf = (bytes: Uint8Array): SizedDigest => ({
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest,
  size: bytes.length,
});

/** Delivers the bytes in pieces, from one buffer that is used again for each. */
async function* reusing(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(bytes.length, 1));
  let at = 0;
  for (const cut of [...cuts.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    const piece = bytes.subarray(at, cut);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
    buffer.fill(0xee);
    at = cut;
  }
}

async function collect(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ seen: Uint8Array; error: string | undefined }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of stream) parts.push(chunk.slice());
    return { seen: Buffer.concat(parts), error: undefined };
  } catch (error) {
    return { seen: Buffer.concat(parts), error: isGapferryError(error) ? error.code : String(error) };
  }
}

const bytes = fc.uint8Array({ maxLength: 200 });
const cuts = fc.array(fc.nat(), { maxLength: 6 });

describe('verifiedBytes', () => {
  it('delivers right bytes whole, however they are cut and whether or not buffers are reused', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (content, at) => {
        const { seen, error } = await collect(verifiedBytes(blobOf(content), reusing(content, at)));
        expect(error).toBeUndefined();
        expect(Buffer.compare(Buffer.from(seen), Buffer.from(content))).toBe(0);
      }),
    );
  });

  it('never delivers the last byte of a stream with one changed byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        cuts,
        fc.nat(),
        async (content, at, place) => {
          const changed = content.slice();
          changed[place % content.length] = (changed[place % content.length] ?? 0) ^ 1;
          const { seen, error } = await collect(verifiedBytes(blobOf(content), reusing(changed, at)));
          expect(error).toBe('DIGEST_MISMATCH');
          expect(seen.length).toBeLessThan(content.length);
        },
      ),
    );
  });

  it('refuses one byte too many and one too few, and delivers less than all of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), cuts, async (content, at) => {
        const longer = await collect(
          verifiedBytes(blobOf(content), reusing(Buffer.concat([content, Buffer.from([0])]), at)),
        );
        const shorter = await collect(verifiedBytes(blobOf(content), reusing(content.subarray(0, -1), at)));
        expect([longer.error, shorter.error]).toEqual(['SIZE_MISMATCH', 'SIZE_MISMATCH']);
        expect(longer.seen.length).toBeLessThan(content.length);
        expect(shorter.seen.length).toBeLessThan(content.length);
      }),
    );
  });

  it('refuses an empty stream that should be nothing else, by its digest', async () => {
    const lie = { digest: digestOf('something'), size: 0 };
    expect((await collect(verifiedBytes(lie, reusing(new Uint8Array(), [])))).error).toBe('DIGEST_MISMATCH');
  });

  it('names the place and the side', async () => {
    const work = readVerified(blobOf(Buffer.from('a')), reusing(Buffer.from('b'), []), {
      place: '/media/stick',
      origin: 'medium',
    });
    await expect(work).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'medium',
      retryable: false,
      message: expect.stringContaining('/media/stick'),
    });
  });
});
