import { digestOf, GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { verifyProvenance } from './check-provenance.ts';
import type { ProvenanceSigners } from './provenance-signers.ts';

const HEADER = '-----BEGIN PGP SIGNED MESSAGE-----\n';
const digest = digestOf('the archive');
const TEXT = `apiVersion: v2\nname: demo\nversion: 1.0.0\n\n...\nfiles:\n  demo-1.0.0.tgz: ${digest}\n`;

/** Takes everything behind the header for signed. */
const believing: ProvenanceSigners = {
  verifyText: async (message) => ({
    text: Buffer.from(message).toString().slice(HEADER.length),
    fingerprint: 'ab'.repeat(20),
  }),
};
const refusing = (error: Error): ProvenanceSigners => ({ verifyText: () => Promise.reject(error) });

function check(text: string, signers: ProvenanceSigners = believing): Promise<string> {
  const chart = { id: 'charts.example.org/demo:1.0.0', archive: digest };
  return verifyProvenance(Buffer.from(`${HEADER}${text}`), chart, signers);
}

describe('what a provenance signs', () => {
  it('is the archive, and who signed it is told', async () => {
    expect(await check(TEXT)).toBe('ab'.repeat(20));
    expect(await check(TEXT.replaceAll('\n', '\r\n'))).toBe('ab'.repeat(20));
  });

  it.each([
    ['another archive', TEXT.replace(digest, digestOf('another archive'))],
    ['no archive', TEXT.replace(/files:.*/su, 'files: {}\n')],
    ['text alone', 'hello\n'],
    ['the digest elsewhere', `${digest}\n...\nfile: ${digest}\n`],
    ['a third part', `${TEXT}\n...\nmore: 1\n`],
  ])('is refused where it is %s', async (_, text) => {
    await expect(check(text)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('must have the form of a signed message', async () => {
    const chart = { id: 'demo', archive: digest };
    await expect(verifyProvenance(Buffer.from('hello'), chart, believing)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it('is told with the chart when nobody known signed it, or not well', async () => {
    for (const code of ['KEY_UNKNOWN', 'SIGNATURE_INVALID'] as const)
      await expect(
        check(TEXT, refusing(new GapferryError({ code, message: 'is signed by nobody' }))),
      ).rejects.toMatchObject({
        code,
        message: 'charts.example.org/demo:1.0.0 is refused: its provenance is signed by nobody',
      });
  });

  it('does not hide a keyring that cannot be used', async () => {
    const unusable = new GapferryError({ code: 'KEY_UNUSABLE', message: 'the keyring holds no key' });
    await expect(check(TEXT, refusing(unusable))).rejects.toBe(unusable);
  });
});
