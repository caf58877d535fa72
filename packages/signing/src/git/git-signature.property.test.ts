import { isGapferryError } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAllowedSigners } from './allowed-signers.ts';
import { gitSignatureVerifier } from './git-signature-verifier.ts';
import { matchesPatternList } from './match-pattern-list.ts';
import { sshString } from './ssh-wire.ts';

const KEY = Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.alloc(32, 7))]);
const LINE = `ada@example.org ssh-ed25519 ${KEY.toString('base64')}`;
const signers = { allowedSigners: { name: 'signers', content: Buffer.from(`${LINE}\n`) } };

describe('whatever stands there as a signature', () => {
  it('is refused as one, and never good', async () => {
    const parts = fc.array(fc.oneof(fc.constant('git'), fc.constant(''), fc.uint8Array({ maxLength: 80 })), {
      maxLength: 6,
    });
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      parts.map((all) =>
        Buffer.concat([
          Buffer.from('SSHSIG\0\0\0\x01'),
          sshString(KEY),
          ...all.map((part) => sshString(typeof part === 'string' ? part : Buffer.from(part))),
        ]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const armored = `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(bytes).toString('base64')}\n-----END SSH SIGNATURE-----\n`;
        const verifier = gitSignatureVerifier(() => ({
          payload: Buffer.from('payload'),
          signature: armored,
          seconds: 0,
        }));
        const object = { oid: '0'.repeat(40), type: 'commit', content: Buffer.alloc(0) } as const;
        const failed = await verifier.verify(object, signers).catch((error: unknown) => error);
        expect(isGapferryError(failed) && failed.category).toBe('trust');
      }),
      { numRuns: 300 },
    );
  });
});

describe('whatever stands in a file of signers', () => {
  it('is read, or refused with its line', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '"',
        'cert-authority',
        'namespaces="git"',
        'valid-after="20240101"',
        ',',
        ' ',
        '\t',
        '#',
        '\\"',
      ),
      fc.string({ maxLength: 12 }),
      fc.constant(LINE),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.constant('\n')), { maxLength: 20 }), (words) => {
        try {
          const found = readAllowedSigners({ name: 'signers', content: Buffer.from(words.join('')) });
          expect(found.every(({ keyBlob }) => KEY.equals(keyBlob))).toBe(true);
        } catch (error) {
          expect(isGapferryError(error, 'KEY_UNUSABLE') && error.message).toMatch(/signers(?::\d+)? cannot/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('fits as the patterns of OpenSSH do', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '@', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '@', '.', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(text, pattern, (name, one) => {
        const expression = one.replace(/[.]/g, '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesPatternList(name, one)).toBe(new RegExp(`^${expression}$`).test(name));
        expect(matchesPatternList(name, `${one},!${one}`)).toBe(false);
      }),
    );
  });

  it('costs no time where a pattern is hostile', () => {
    expect(matchesPatternList('a'.repeat(1000), `${'*a'.repeat(500)}*b`)).toBe(false);
  });
});
