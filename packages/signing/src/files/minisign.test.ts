import { readFileSync } from 'node:fs';
import { quietRun, type SignedFile } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { fileVerifier } from './file-verifier.ts';

const made = JSON.parse(
  readFileSync(new URL('../testing/minisign/signed.json', import.meta.url), 'utf8'),
) as Record<'text' | 'publicKey' | 'otherKey' | 'prehashed' | 'legacy', string>;
const run = quietRun();

function fileOf(text: string, size = text.length): SignedFile {
  return {
    size,
    async *open() {
      for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
    },
  };
}

const verify = (signature: string, text = made.text, key = made.publicKey, size?: number) =>
  fileVerifier({ kind: 'minisign', name: 'tool.pub', content: Buffer.from(key) }).verify(
    fileOf(text, size),
    Buffer.from(signature),
    run,
  );

describe('a minisign signature', () => {
  it.each(['prehashed', 'legacy'] as const)('of the %s form is good, and names its key', async (form) => {
    const checked = { by: 'minisign', key: 'C09F23ED92F77218' };
    expect(await verify(made[form])).toEqual(checked);
    const [, bare = ''] = made.publicKey.split('\n');
    expect(await verify(made[form], made.text, bare)).toEqual(checked);
    expect(await verify(made[form].replaceAll('\n', '\r\n'))).toEqual(checked);
  });

  it.each(['prehashed', 'legacy'] as const)('of the %s form over other bytes is not good', async (form) => {
    await expect(verify(made[form], `${made.text} `)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('other bytes'),
    });
  });

  it('whose trusted comment was changed is not good', async () => {
    const changed = made.prehashed.replace('file:tool', 'file:t00l');
    await expect(verify(changed)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('trusted comment'),
    });
  });

  it('may have any untrusted comment', async () => {
    await verify(made.prehashed.replace('from a test key', 'of somebody'));
  });

  it('by another key says which', async () => {
    await expect(verify(made.prehashed, made.text, made.otherKey)).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringMatching(/C09F23ED92F77218.*15AC88AB4D322741/),
    });
  });

  it.each([
    '',
    'hello',
    made.prehashed.split('\n').slice(0, 2).join('\n'),
    made.prehashed.split('\n').slice(1).join('\n'),
    `${made.prehashed}more\n`,
    made.prehashed.replace('RUQ', 'RXQ'),
    made.prehashed.replace('trusted comment: timestamp', 'comment: timestamp'),
    made.prehashed.replace('==', '='),
  ])('that is none is refused: %j', async (signature) => {
    await expect(verify(signature)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('in the legacy form is refused for a file that does not fit into memory', async () => {
    await expect(verify(made.legacy, made.text, made.publicKey, 67_108_865)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await verify(made.prehashed, made.text, made.publicKey, 67_108_865);
  });

  it.each(['', 'hello', made.prehashed, `${made.publicKey}\n${made.publicKey}`, 'RWQ'])(
    'cannot be checked with what is no key: %j',
    (key) => {
      expect(() => verify(made.prehashed, made.text, key)).toThrow(
        expect.objectContaining({ code: 'KEY_UNUSABLE' }),
      );
    },
  );
});
