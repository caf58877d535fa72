import { createHash } from 'node:crypto';
import type { Digest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { encodeStatement, parseStatement, type ReleasePredicate, statementDigest } from './statement.ts';
import { canonical, type Loose, statementBytes } from './testing/index.ts';

const manifest = Buffer.from('{"manifest":1}');
const packs = Buffer.from('{"packs":1}');
const predicate: ReleasePredicate = {
  bundle: 'line-a',
  version: '1.4.0',
  channel: 'line-a',
  sequence: 17,
  previous: `sha256:${'a'.repeat(64)}` as Digest,
  issuedAt: '2026-03-01T12:00:00Z',
};

function bent(bend: (statement: Loose) => void): Uint8Array {
  const statement = JSON.parse(Buffer.from(statementBytes(predicate, manifest, packs)).toString());
  bend(statement);
  return canonical(statement);
}

describe('a release statement', () => {
  it.each([undefined, packs])('is written byte for byte as one made by hand', (given) => {
    expect(Buffer.from(encodeStatement(predicate, manifest, given))).toEqual(
      Buffer.from(statementBytes(predicate, manifest, given)),
    );
  });

  it('comes back as it was written, with every optional member', () => {
    const full = { ...predicate, expiresAt: '2026-04-01T00:00:00Z', minPolicyVersion: 3 };
    expect(parseStatement(encodeStatement(full, manifest, packs)).predicate).toEqual(full);
  });

  it('has the sha256 of its bytes as identity', () => {
    const bytes = encodeStatement(predicate, manifest, undefined);
    expect(statementDigest(bytes)).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });

  it.each<[string, (statement: Loose) => void]>([
    ['another statement type', (s) => (s._type = 'https://in-toto.io/Statement/v0.1')],
    ['another predicate type', (s) => (s.predicateType = 'https://slsa.dev/provenance/v1')],
    ['no subject', (s) => (s.subject = [])],
    ['the subjects in another order', (s) => s.subject.reverse()],
    ['a third subject', (s) => s.subject.push(s.subject[0])],
    ['a subject of another name', (s) => (s.subject[0].name = 'evil.json')],
    [
      'a digest in upper case',
      (s) => (s.subject[0].digest.sha256 = s.subject[0].digest.sha256.toUpperCase()),
    ],
    ['a second algorithm', (s) => (s.subject[0].digest.sha512 = '00')],
    ['an unknown member', (s) => (s.extra = true)],
    ['a channel with a slash', (s) => (s.predicate.channel = '../line-b')],
    ['a channel that is a device on Windows', (s) => (s.predicate.channel = 'con')],
    ['a number that is a fraction', (s) => (s.predicate.sequence = 1.5)],
    ['a number beyond what can be counted', (s) => (s.predicate.sequence = 2 ** 53)],
    ['a negative number', (s) => (s.predicate.sequence = -1)],
    ['a predecessor that is no digest', (s) => (s.predicate.previous = 'sha256:abc')],
    ['no predecessor at all', (s) => delete s.predicate.previous],
    ['a time with an offset', (s) => (s.predicate.issuedAt = '2026-03-01T12:00:00+01:00')],
    ['a time with fractions', (s) => (s.predicate.issuedAt = '2026-03-01T12:00:00.5Z')],
    ['a day that is none', (s) => (s.predicate.expiresAt = '2026-02-31T99:00:00Z')],
  ])('is refused with %s', (_, bend) => {
    expect(() => parseStatement(bent(bend))).toThrow(expect.objectContaining({ code: 'STATEMENT_INVALID' }));
  });

  it.each([
    ['white space', (text: string) => ` ${text}`],
    ['trailing bytes', (text: string) => `${text}{}`],
    ['a member twice', (text: string) => text.replace('"version"', '"version":"1","version"')],
    ['a special member name', (text: string) => text.replace('{', '{"__proto__":{},')],
  ])('is refused with %s', (_, change) => {
    const text = Buffer.from(statementBytes(predicate, manifest)).toString();
    expect(() => parseStatement(Buffer.from(change(text)))).toThrow(
      expect.objectContaining({ code: 'JSON_INVALID' }),
    );
  });

  it('is refused when it is too large or too deep, before it is parsed', () => {
    const deep = Buffer.from(`${'['.repeat(9)}${']'.repeat(9)}`);
    for (const bytes of [deep, new Uint8Array(1_048_577)])
      expect(() => parseStatement(bytes)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});
