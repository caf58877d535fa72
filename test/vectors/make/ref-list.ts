import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('refs.json');

const REFS = [
  { name: 'refs/heads/main', oid: '1f6f4f1a5b4a7c1b7f6f6f0f9c6f0a6b0c1d2e3f' },
  { name: 'refs/heads/next', oid: 'a'.repeat(40) },
  { name: 'refs/tags/v1.0', oid: '2e3d4c5b6a79880716253443526170ffeeddccbb' },
];

export function refListVectors(): Vector[] {
  const json = sortedJson(REFS);
  return [
    {
      name: 'good',
      files: { 'refs.json': json },
      expect: { why: 'a sorted list', accept: true, result: REFS },
    },
    refused('out-of-order', 'refs in another order', sortedJson([...REFS].reverse()), 'MANIFEST_INVALID'),
    refused('duplicate', 'a ref stands in it twice', sortedJson([REFS[0], ...REFS]), 'MANIFEST_INVALID'),
    refused(
      'folder',
      'a ref that is a folder of another',
      sortedJson(['refs/heads/a', 'refs/heads/a/b'].map((name) => ({ ...REFS[0], name }))),
      'MANIFEST_INVALID',
    ),
    refused(
      'name-escapes',
      'a ref that climbs out',
      sortedJson([{ ...REFS[0], name: 'refs/heads/../../config' }]),
      'MANIFEST_INVALID',
    ),
    refused(
      'unknown-member',
      'a member this version does not know',
      sortedJson([{ ...REFS[0], force: true }]),
      'MANIFEST_INVALID',
    ),
    refused('not-a-list', 'an object instead of a list', sortedJson({ refs: REFS }), 'MANIFEST_INVALID'),
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused('deep', 'five levels', `[[[[[]]]]]`, 'LIMIT_EXCEEDED'),
  ];
}
