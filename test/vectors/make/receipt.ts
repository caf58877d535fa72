import { type LooseStatement, statementVectors } from './about-release.ts';
import { digest, sha256 } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('receipt.json');
const { good, invalid } = statementVectors('receipt.json', receipt);

const RELEASE = 'statement of the release';

export function receiptVectors(): Vector[] {
  return [...receiptBytes(), ...wrongMembers()];
}

function receiptBytes(): Vector[] {
  const json = sortedJson(receipt());
  return [
    good('good', 'everything is loaded', {}, { site: 'plant-7', status: 'loaded', previous: null }),
    good(
      'good-partly',
      'one item could not be loaded',
      {
        status: 'partly-loaded',
        items: { loaded: 3, same: 0, failed: 1 },
        previous: digest('receipt before'),
      },
      { items: { failed: 1 } },
    ),
    good(
      'good-override',
      'the site went back to this release',
      { override: digest('override'), previous: digest('receipt before') },
      { override: digest('override') },
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
  ];
}

function wrongMembers(): Vector[] {
  return [
    invalid(
      'unknown-major',
      'a receipt of the future',
      (r) => Object.assign(r, { predicateType: 'https://gapferry.dev/receipt/v2' }),
      ['predicateType'],
    ),
    invalid(
      'other-subject',
      'a subject that is not the release in the predicate',
      (r) => Object.assign(r.subject[0]?.digest ?? {}, { sha256: sha256('other') }),
      ['subject'],
    ),
    invalid(
      'release-statement',
      'a release statement in its place',
      (r) => Object.assign(r, { predicateType: 'https://gapferry.dev/release/v1' }),
      ['predicateType'],
    ),
    invalid(
      'host-name',
      'a member that would tell the outside a host',
      (r) => Object.assign(r.predicate, { host: 'harbor.plant-7' }),
      ['host'],
    ),
    invalid(
      'status-unknown',
      'a status this version does not know',
      (r) => Object.assign(r.predicate, { status: 'fine' }),
      ['status'],
    ),
    invalid(
      'count-negative',
      'less than no items',
      (r) => Object.assign(r.predicate, { items: { loaded: -1, same: 0, failed: 0 } }),
      ['items.loaded'],
    ),
  ];
}

function receipt(): LooseStatement {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'release', digest: { sha256: sha256(RELEASE) } }],
    predicateType: 'https://gapferry.dev/receipt/v1',
    predicate: {
      format: 'gapferry.receipt/1',
      site: 'plant-7',
      channel: 'line-a',
      bundle: 'line-a',
      version: '1.4.0',
      sequence: 17,
      statement: digest(RELEASE),
      status: 'loaded',
      items: { loaded: 3, same: 1, failed: 0 },
      at: '2026-11-21T11:00:00Z',
      ledger: { index: 42, digest: digest('ledger entry 42') },
      previous: null,
    },
  };
}
