import { isGapferryError } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitSignature } from './split-signature.ts';

const PIECES = [
  'tree 0\n',
  'parent 0\n',
  'object 0\n',
  'type commit\n',
  'tag v1\n',
  'author A <a@b> 0 +0000\n',
  'committer A <a@b> 0 +0000\n',
  'tagger A <a@b> 0 +0000\n',
  'gpgsig -----BEGIN PGP SIGNATURE-----\n',
  'gpgsig-sha256 -----BEGIN SSH SIGNATURE-----\n',
  'mergetag object 0\n',
  '-----BEGIN PGP SIGNATURE-----\n',
  '-----END PGP SIGNATURE-----\n',
  ' continued\n',
  '\n',
  '\0',
];

describe('any tag or commit', () => {
  it('is split into parts of itself, or refused', () => {
    const text = fc
      .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 20 })), { maxLength: 30 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('commit', 'tag'),
        fc.constantFrom(40, 64),
        (content, type, length) => {
          const bytes = Buffer.from(content);
          try {
            const found = splitSignature({ oid: '0'.repeat(length), type, content: bytes });
            if (found === undefined) return;
            const { payload, signature } = found;
            // Every line of both stands in the object, and nothing of it in both.
            expect(payload.byteLength + signature.length).toBeLessThanOrEqual(bytes.byteLength);
            const whole = bytes.toString('latin1');
            for (const line of Buffer.from(payload).toString('latin1').split('\n'))
              expect(whole).toContain(line);
            if (type === 'tag') expect(whole.endsWith(signature)).toBe(true);
          } catch (error) {
            if (!isGapferryError(error)) throw error;
            expect(error.code).toBe('SIGNATURE_INVALID');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
