import { digest, sha256 } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('statement.json');

export interface LooseStatement {
  [name: string]: unknown;
  subject: { [name: string]: unknown; name: string; digest: Record<string, string> }[];
  predicate: Record<string, unknown>;
}

export function statementVectors(): Vector[] {
  return [...goodStatements(), ...hostileBytes(), ...wrongMembers(), ...wrongPredicates()];
}

function goodStatements(): Vector[] {
  const second = (s: LooseStatement): unknown =>
    Object.assign(s.predicate, { sequence: 18, previous: digest(sortedJson(statement())) });
  return [
    good('good-first', 'the first release of a channel', statement(), {
      predicate: { sequence: 1, previous: null },
    }),
    good(
      'good-next',
      'a later release, with packs.json as second subject',
      changed((s) => [second(s), s.subject.push(subject('packs.json'))]),
      { predicate: { sequence: 18 } },
    ),
    good(
      'good-dates',
      'an end date and a wanted policy version',
      changed((s) => Object.assign(s.predicate, { expiresAt: '2027-01-31T12:00:00Z', minPolicyVersion: 3 })),
    ),
  ];
}

function hostileBytes(): Vector[] {
  const json = sortedJson(statement());
  return [
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused('trailing-bytes', 'a second statement after the end', json + json, 'JSON_INVALID'),
    refused('not-sorted', 'members in another order', JSON.stringify(statement()), 'JSON_INVALID'),
    refused(
      'duplicate-member',
      'a member that occurs twice',
      json.replace('"sequence":1', '"sequence":99,"sequence":1'),
      'JSON_INVALID',
    ),
    refused('proto-member', 'a member __proto__', json.replace('{', '{"__proto__":{},'), 'JSON_INVALID'),
    refused(
      'deep',
      'nine levels',
      json.replace('"subject":[', `"subject":[${'['.repeat(9)}${']'.repeat(9)},`),
      'LIMIT_EXCEEDED',
    ),
    {
      name: 'oversized',
      files: { 'statement.json': json },
      expect: {
        why: 'one byte over 1 MiB',
        refuse: 'LIMIT_EXCEEDED',
        generate: { file: 'statement.json', fill: ' ', size: 1_048_577 },
      },
    },
  ];
}

function wrongMembers(): Vector[] {
  return [
    invalid(
      'other-type',
      'another statement type',
      { ...statement(), _type: 'https://in-toto.io/Statement/v0.1' },
      ['_type'],
    ),
    invalid(
      'unknown-major',
      'a predicate of the future',
      { ...statement(), predicateType: 'https://gapferry.dev/release/v2' },
      ['predicateType'],
    ),
    invalid('no-subject', 'a statement about nothing', { ...statement(), subject: [] }),
    invalid(
      'subjects-swapped',
      'packs.json before manifest.json',
      changed((s) => s.subject.unshift(subject('packs.json'))),
    ),
    invalid(
      'subject-unknown',
      'a third subject',
      changed((s) => s.subject.push(subject('packs.json'), subject('extra.json'))),
    ),
    invalid(
      'subject-escapes',
      'a subject that is a path',
      changed((s) => Object.assign(s.subject[0] ?? {}, { name: '../manifest.json' })),
    ),
    invalid(
      'digest-upper-case',
      'a digest in upper case',
      changed((s) => Object.assign(s.subject[0]?.digest ?? {}, { sha256: 'A'.repeat(64) })),
    ),
    invalid(
      'digest-other',
      'a second digest of another algorithm',
      changed((s) => Object.assign(s.subject[0]?.digest ?? {}, { sha1: 'a'.repeat(40) })),
    ),
  ];
}

function wrongPredicates(): Vector[] {
  const predicate = (name: string, why: string, members: object, says: readonly string[] = []): Vector =>
    invalid(
      name,
      why,
      changed((s) => Object.assign(s.predicate, members)),
      says,
    );
  return [
    predicate('sequence-zero', 'number 0', { sequence: 0 }, ['sequence']),
    predicate('sequence-negative', 'a number below zero', { sequence: -1 }, ['sequence']),
    predicate('sequence-too-large', '2^53', { sequence: 9007199254740992 }, ['sequence']),
    predicate('sequence-text', 'a number in quotes', { sequence: '1' }, ['sequence']),
    predicate('channel-escapes', 'a channel that is a path', { channel: '../line-b' }, ['channel']),
    predicate('channel-device', 'a channel that is a DOS device', { channel: 'nul' }, ['channel']),
    predicate(
      'channel-special',
      'a channel that could be no member of what is kept',
      { channel: 'constructor' },
      ['channel'],
    ),
    predicate('channel-upper-case', 'a channel in upper case', { channel: 'Line-A' }, ['channel']),
    predicate('previous-short', 'a cut digest of the release before', { previous: 'sha256:12' }, [
      'previous',
    ]),
    predicate('previous-absent', 'no word about the release before', { previous: undefined }, ['previous']),
    predicate('time-offset', 'a time with an offset', { issuedAt: '2026-11-20T09:30:00+01:00' }, [
      'issuedAt',
    ]),
    predicate('time-fraction', 'a time with a fraction', { issuedAt: '2026-11-20T09:30:00.5Z' }, [
      'issuedAt',
    ]),
    predicate('time-impossible', 'the 30th of February', { issuedAt: '2026-02-30T09:30:00Z' }, ['issuedAt']),
    predicate('unknown-member', 'a member this version does not know', { force: true }, ['force']),
  ];
}

export function statement(): LooseStatement {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [subject('manifest.json')],
    predicateType: 'https://gapferry.dev/release/v1',
    predicate: {
      bundle: 'line-a',
      version: '1.4.0',
      channel: 'line-a',
      sequence: 1,
      previous: null,
      issuedAt: '2026-11-20T09:30:00Z',
    },
  };
}

function subject(name: string): LooseStatement['subject'][number] {
  return { name, digest: { sha256: sha256(`content of ${name}`) } };
}

function changed(change: (statement: LooseStatement) => unknown): LooseStatement {
  const changed = statement();
  change(changed);
  return changed;
}

function good(name: string, why: string, document: LooseStatement, result: unknown = {}): Vector {
  const json = sortedJson(document);
  return {
    name,
    files: { 'statement.json': json },
    expect: { why, accept: true, result, digest: digest(json) },
  };
}

function invalid(name: string, why: string, document: object, says: readonly string[] = []): Vector {
  return refused(name, why, sortedJson(document), 'STATEMENT_INVALID', says);
}
