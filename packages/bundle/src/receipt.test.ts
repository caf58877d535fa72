import type { Digest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { encodeReceipt, parseReceipt, type Receipt } from './receipt.ts';
import { canonical, type Loose } from './testing/index.ts';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const receipt: Receipt = {
  format: 'gapferry.receipt/1',
  site: 'plant-7',
  channel: 'line-a',
  bundle: 'line-a',
  version: '1.4.0',
  sequence: 17,
  statement: digestOf('a'),
  status: 'loaded',
  items: { loaded: 3, same: 1, failed: 0 },
  at: '2026-03-01T12:00:00Z',
  ledger: { index: 9, digest: digestOf('b') },
  previous: null,
};

/** As docs/spec/08-receipt.md says, by hand. */
const byHand = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'release', digest: { sha256: 'a'.repeat(64) } }],
  predicateType: 'https://gapferry.dev/receipt/v1',
  predicate: receipt,
};

describe('a receipt', () => {
  it('is written byte for byte as one made by hand, and comes back', () => {
    expect(Buffer.from(encodeReceipt(receipt))).toEqual(Buffer.from(canonical(byHand)));
    expect(parseReceipt(encodeReceipt(receipt))).toEqual(receipt);
  });

  it.each<[string, (statement: Loose) => void]>([
    ['about another release than its subject', (s) => (s.subject[0].digest.sha256 = 'c'.repeat(64))],
    ['that is a release statement', (s) => (s.predicateType = 'https://gapferry.dev/release/v1')],
    ['with a host in it', (s) => (s.predicate.host = 'harbor.plant7.internal')],
    ['with a status of its own', (s) => (s.predicate.status = 'fine')],
    ['with a negative count', (s) => (s.predicate.items.failed = -1)],
    ['without the ledger', (s) => delete s.predicate.ledger],
  ])('%s is refused', (_, bend) => {
    const statement = structuredClone(byHand) as Loose;
    bend(statement);
    expect(() => parseReceipt(canonical(statement))).toThrow(
      expect.objectContaining({ code: 'STATEMENT_INVALID' }),
    );
  });

  it('of another version is refused', () => {
    const statement = structuredClone(byHand) as Loose;
    statement.predicate.format = 'gapferry.receipt/2';
    expect(() => parseReceipt(canonical(statement))).toThrow(/predicate\.format/);
  });

  it('that is not canonical is refused', () => {
    expect(() => parseReceipt(Buffer.from(JSON.stringify(byHand, undefined, 1)))).toThrow(
      expect.objectContaining({ code: 'JSON_INVALID' }),
    );
  });
});
