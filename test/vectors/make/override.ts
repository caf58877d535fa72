import { type LooseStatement, statementVectors } from './about-release.ts';
import { digest, sha256 } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('override.json');
const { good, invalid } = statementVectors('override.json', override);

const OLD = 'statement of release 16';
const NEW = 'statement of release 17';

export function overrideVectors(): Vector[] {
  const json = sortedJson(override());
  return [
    good('good', 'back to release 16', {}, { site: 'plant-7', to: digest(OLD), from: digest(NEW) }),
    good(
      'good-unicode-reason',
      'a reason in another script',
      { reason: 'Störung am Förderband – zurück' },
      {},
    ),
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused('proto-member', 'a member __proto__', json.replace('{', '{"__proto__":{},'), 'JSON_INVALID'),
    refused(
      'deep',
      'nine levels',
      json.replace('"subject":[', `"subject":[${'['.repeat(9)}${']'.repeat(9)},`),
      'LIMIT_EXCEEDED',
    ),
    ...wrongStatements(),
    ...wrongMembers(),
  ];
}

function wrongStatements(): Vector[] {
  return [
    invalid(
      'unknown-major',
      'an override of the future',
      (o) => Object.assign(o, { predicateType: 'https://gapferry.dev/override/v2' }),
      ['predicateType'],
    ),
    invalid(
      'receipt',
      'a receipt in its place',
      (o) => Object.assign(o, { predicateType: 'https://gapferry.dev/receipt/v1' }),
      ['predicateType'],
    ),
    invalid(
      'other-subject',
      'a subject that is not the release it leads to',
      (o) => Object.assign(o.subject[0]?.digest ?? {}, { sha256: sha256(NEW) }),
      ['subject'],
    ),
  ];
}

function wrongMembers(): Vector[] {
  const wrong = (name: string, why: string, members: object, says: string): Vector =>
    invalid(name, why, (o) => Object.assign(o.predicate, members), [says]);
  return [
    wrong('unknown-member', 'a member that this version does not know', { force: true }, 'force'),
    wrong('no-reason', 'an empty reason', { reason: '' }, 'reason'),
    wrong('reason-blank', 'a reason of blanks', { reason: '   ' }, 'reason'),
    wrong('reason-long', 'a reason of 501 characters', { reason: 'a'.repeat(501) }, 'reason'),
    wrong('reason-escape', 'a reason that would steer a terminal', { reason: '\u001b[2Jfine' }, 'reason'),
    wrong('reason-lines', 'a reason of two lines', { reason: 'one\ntwo' }, 'reason'),
    wrong('to-is-from', 'a way from a release to itself', { from: digest(OLD) }, 'to'),
    wrong(
      'ends-before',
      'an end that is not after its beginning',
      { notAfter: '2026-11-20T09:00:00Z' },
      'notAfter',
    ),
    wrong('endless', 'no end', { notAfter: undefined }, 'notAfter'),
    wrong('site-escapes', 'a site that is no name', { site: '../plant-7' }, 'site'),
  ];
}

function override(): LooseStatement {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'release', digest: { sha256: sha256(OLD) } }],
    predicateType: 'https://gapferry.dev/override/v1',
    predicate: {
      format: 'gapferry.override/1',
      site: 'plant-7',
      channel: 'line-a',
      from: digest(NEW),
      to: digest(OLD),
      reason: 'the gateway of release 17 loses messages (INC-4711)',
      notAfter: '2026-11-22T09:00:00Z',
      issuedAt: '2026-11-21T09:00:00Z',
    },
  };
}
