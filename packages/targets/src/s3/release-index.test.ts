import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type ReleaseIndex, readIndex, writeIndex } from './release-index.ts';

const index: ReleaseIndex = {
  channel: 'line-a',
  version: '1.1.0',
  sequence: 2,
  statement: digestOf('statement'),
  earlier: [{ version: '1.0.0', sequence: 1 }],
  files: [
    { path: 'a', key: 'line-a/1.1.0/a', digest: digestOf('a'), size: 1, etag: '"1"' },
    {
      path: 'b/c',
      key: 'line-a/1.1.0/b/c',
      digest: digestOf('c'),
      size: 5,
      etag: '"2-3"',
      version: 'v',
      executable: true,
      latest: { key: 'line-a/latest/b/c', etag: '"2-1"' },
    },
  ],
};
const text = (): string => Buffer.from(writeIndex(index)).toString();
const bytes = (json: string): Uint8Array => Buffer.from(json);

describe('the index object', () => {
  it('is read as it was written', () => {
    expect(readIndex(writeIndex(index))).toEqual(index);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['another document', '{"format": "gapferry.objects/2"}'],
    ['a list', '[]'],
    ['half an index', '{"format": "gapferry.objects/1", "channel": "line-a"}'],
    ['a special member', text().replace('"channel"', '"__proto__"')],
    ['too deep nesting', '['.repeat(100) + ']'.repeat(100)],
    ['no UTF-8', `"${String.fromCharCode(0xd8)}`],
    ['a statement that is no digest', text().replace(index.statement, 'sha256:x')],
    ['a digest that is none', text().replace(digestOf('a').slice(7), 'x')],
    ['a size in words', text().replace('"size":5', '"size":"5"')],
    ['files that are none', text().replace(/"files":\[.*\]/s, '"files":[1]')],
    ['a version that leads elsewhere', text().replace('"1.1.0"', '"../1.1.0"')],
    ['a channel without end', text().replace('"line-a"', `"${'a'.repeat(1000)}"`)],
    ['a key without end', text().replace(/"key":"/, `"key":"${'a'.repeat(5000)}`)],
    ['files that are no list', text().replace(/"files":\[.*\]/s, '"files":{}')],
  ])('is somebody else’s object when it is %s', (_, json) => {
    expect(readIndex(bytes(json))).toBeUndefined();
  });

  it('names no earlier release that could not be one', () => {
    const earlier = [
      { version: '../x', sequence: 1 },
      { version: '0.9.0', sequence: 1 },
    ];
    expect(readIndex(writeIndex({ ...index, earlier }))?.earlier).toEqual([earlier[1]]);
  });
});
