import { describe, expect, it } from 'vitest';
import { digestOf } from './digest.ts';
import { verifiedBytes } from './verified-bytes.ts';

describe('verified bytes', () => {
  it('hold the last chunk back as a copy, also from a producer that uses its Buffer again', async () => {
    async function* reusing() {
      const buffer = Buffer.from('one');
      yield buffer;
      buffer.fill(0);
    }
    const chunks: string[] = [];
    for await (const chunk of verifiedBytes({ digest: digestOf('one'), size: 3 }, reusing()))
      chunks.push(Buffer.from(chunk).toString());
    expect(chunks).toEqual(['one']);
  });
});
