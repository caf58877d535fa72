import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('files.json');
const invalid = (name: string, why: string, files: unknown, says: readonly string[] = []): Vector =>
  refused(name, why, sortedJson(files), 'MANIFEST_INVALID', says);

const fileOf = (path: string, byte = '0a') => ({ path, digest: `sha256:${byte.repeat(32)}`, size: 3 });
const FILES = [
  { ...fileOf('bin/run'), executable: true },
  { ...fileOf('doc/empty', '1b'), size: 0 },
  { ...fileOf('large', 'f0'), size: Number.MAX_SAFE_INTEGER },
];

export function fileListVectors(): Vector[] {
  const json = sortedJson(FILES);
  return [
    {
      name: 'good',
      files: { 'files.json': json },
      expect: { why: 'a sorted list', accept: true, result: FILES },
    },
    invalid('empty', 'no files', []),
    invalid('out-of-order', 'files in another order', [...FILES].reverse(), ['out of order']),
    invalid('duplicate', 'a file stands in it twice', [FILES[0], ...FILES], ['twice']),
    invalid('escapes', 'a file outside the directory', [fileOf('../run')], ['not safe']),
    invalid('reserved', 'a name that Windows takes for a device', [fileOf('lpt1')], ['not safe']),
    invalid('case', 'names that differ in case only', [fileOf('README'), fileOf('readme')], ['same name']),
    invalid('in-file', 'a file inside a file', [fileOf('a'), fileOf('a/b')], ['both']),
    invalid('sha1', 'another algorithm', [{ ...fileOf('a'), digest: `sha1:${'0a'.repeat(20)}` }]),
    invalid('size-negative', 'less than nothing', [{ ...fileOf('a'), size: -1 }]),
    invalid('unknown-member', 'a member this version does not know', [{ ...fileOf('a'), mode: 493 }]),
    invalid('not-a-list', 'an object instead of a list', { files: FILES }),
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused('deep', 'five levels', '[[[[[]]]]]', 'LIMIT_EXCEEDED'),
  ];
}
