import { isGapferryError, quietRun } from '@gapferry/core';
import {
  constantFrom,
  property as forAll,
  type JsonValue,
  jsonValue,
  nat,
  assert as property,
  uint8Array,
} from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from './generate-key-pair.ts';
import { keySigner } from './key-signer.ts';
import { keyVerifier } from './key-verifier.ts';

const TYPE = 'application/vnd.in-toto+json';
const PAYLOAD = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const REFUSALS: readonly string[] = ['SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'KEY_UNKNOWN'];
const { privatePem, publicPem } = generateKeyPair();
const keys = [{ id: 'anna', owner: 'anna', pem: publicPem }];
let good: Buffer;

beforeAll(async () => {
  const signed = await keySigner({ privatePem }).sign({ type: TYPE, bytes: PAYLOAD }, quietRun());
  good = Buffer.from(signed);
});

describe('whatever bytes come, the verifier', () => {
  it('refuses noise with one of its three codes', () => {
    property(
      forAll(uint8Array({ maxLength: 300 }), (bytes) => {
        expect(outcome(bytes)).toBe('refused');
      }),
    );
  });

  it('refuses JSON that is no bundle', () => {
    property(
      forAll(jsonValue(), (value) => {
        expect(outcome(encode(value))).toBe('refused');
      }),
    );
  });

  it('refuses a bundle in which any member holds something else', () => {
    const places = constantFrom('mediaType', 'verificationMaterial', 'dsseEnvelope', 'extra');
    property(
      forAll(places, jsonValue(), (place, value) => {
        const bundle = { ...JSON.parse(good.toString('utf8')), [place]: value };
        expect(outcome(encode(bundle))).toBe('refused');
      }),
    );
  });

  it('never takes a bundle with one changed byte for another payload', () => {
    property(
      forAll(nat(), nat({ max: 254 }), (at, by) => {
        const bytes = Buffer.from(good);
        const place = at % bytes.byteLength;
        bytes.writeUInt8((bytes.readUInt8(place) + by + 1) % 256, place);
        expect(['refused', 'the same payload']).toContain(outcome(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

function outcome(bytes: Uint8Array): 'refused' | 'the same payload' | 'another payload' {
  try {
    return Buffer.compare(keyVerifier().verify(bytes, keys).bytes, PAYLOAD) === 0
      ? 'the same payload'
      : 'another payload';
  } catch (error) {
    if (isGapferryError(error) && REFUSALS.includes(error.code)) return 'refused';
    throw error;
  }
}

function encode(value: JsonValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}
