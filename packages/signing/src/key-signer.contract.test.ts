import { signerContract } from '@gapferry/core/testing';
import { generateKeyPair } from './generate-key-pair.ts';
import { keySigner } from './key-signer.ts';
import type { KeyKind } from './public-key.ts';

for (const kind of ['p256', 'p384', 'ed25519'] satisfies KeyKind[])
  signerContract(`keySigner with ${kind}`, () => {
    const { privatePem, publicPem } = generateKeyPair(kind);
    return { signer: keySigner({ privatePem }), publicPem };
  });
