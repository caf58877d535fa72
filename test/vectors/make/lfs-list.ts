import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('lfs.json');

const OBJECTS = [
  { oid: `sha256:${'0a'.repeat(32)}`, size: 0 },
  { oid: `sha256:${'1b'.repeat(32)}`, size: 2_500_000 },
  { oid: `sha256:${'f0'.repeat(32)}`, size: Number.MAX_SAFE_INTEGER },
];

export function lfsListVectors(): Vector[] {
  const json = sortedJson(OBJECTS);
  return [
    {
      name: 'good',
      files: { 'lfs.json': json },
      expect: { why: 'a sorted list', accept: true, result: OBJECTS },
    },
    refused(
      'out-of-order',
      'objects in another order',
      sortedJson([...OBJECTS].reverse()),
      'MANIFEST_INVALID',
    ),
    refused(
      'duplicate',
      'an object stands in it twice',
      sortedJson([OBJECTS[0], ...OBJECTS]),
      'MANIFEST_INVALID',
    ),
    refused(
      'two-sizes',
      'one object with two sizes',
      sortedJson([OBJECTS[0], { ...OBJECTS[0], size: 1 }]),
      'MANIFEST_INVALID',
    ),
    refused(
      'size-too-large',
      'a size that cannot be counted',
      `[{"oid":"${OBJECTS[0]?.oid}","size":9007199254740992}]`,
      'MANIFEST_INVALID',
    ),
    refused(
      'size-negative',
      'less than nothing',
      sortedJson([{ ...OBJECTS[0], size: -1 }]),
      'MANIFEST_INVALID',
    ),
    refused(
      'sha1',
      'another algorithm',
      sortedJson([{ oid: `sha1:${'0a'.repeat(20)}`, size: 1 }]),
      'MANIFEST_INVALID',
    ),
    refused(
      'unknown-member',
      'a member this version does not know',
      sortedJson([{ ...OBJECTS[0], path: 'a.bin' }]),
      'MANIFEST_INVALID',
    ),
    refused('not-a-list', 'an object instead of a list', sortedJson({ lfs: OBJECTS }), 'MANIFEST_INVALID'),
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused('deep', 'five levels', '[[[[[]]]]]', 'LIMIT_EXCEEDED'),
  ];
}
