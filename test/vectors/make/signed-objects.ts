import { execFileSync } from 'node:child_process';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('signed.json');

interface SignedObject {
  readonly oid: string;
  readonly type: string;
  readonly content: string;
}

const WHO = 'Ada <ada@example.org> 1717243200 +0000';

/** git says what an object is called. */
function object(type: string, text: string, format: 'sha1' | 'sha256' = 'sha1'): SignedObject {
  const args = ['hash-object', '-t', type, '--stdin', '--literally'];
  const env = { PATH: process.env['PATH'], GIT_DEFAULT_HASH: format, GIT_DIR: '/nonexistent' };
  const oid = execFileSync('git', args, { input: text, env }).toString().trim();
  return { oid, type, content: Buffer.from(text).toString('base64') };
}

/** A commit, and an annotated tag of it, as a collector carries them when they were signed. What is signed in them is not looked at here. */
export function signedObjects(): [SignedObject, SignedObject] {
  const tree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
  const commit = object('commit', `tree ${tree}\nauthor ${WHO}\ncommitter ${WHO}\n\nhello\n`);
  const tag = object('tag', `object ${commit.oid}\ntype commit\ntag v1.0\ntagger ${WHO}\n\nv1.0\n`);
  return [commit, tag].sort((a, b) => (a.oid < b.oid ? -1 : 1)) as [SignedObject, SignedObject];
}

export function signedObjectVectors(): Vector[] {
  const [first, second] = signedObjects();
  const json = sortedJson([first, second]);
  const wrong = (name: string, why: string, list: unknown, says: readonly string[] = []): Vector =>
    refused(name, why, sortedJson(list), 'MANIFEST_INVALID', says);
  return [
    {
      name: 'good',
      files: { 'signed.json': json },
      expect: {
        why: 'a commit and a tag, sorted by their ids',
        accept: true,
        result: [first, second].map(({ oid, type }) => ({ oid, type })),
      },
    },
    wrong('out-of-order', 'objects in another order', [second, first], ['not sorted']),
    wrong('duplicate', 'an object stands in it twice', [first, first, second], ['twice']),
    wrong(
      'other-content',
      'an object with the content of another',
      [{ ...first, content: second.content }, second],
      [first.oid],
    ),
    wrong('other-type', 'a commit that is called a tag, or the other way round', [
      { ...first, type: second.type },
      second,
    ]),
    wrong('other-case', 'an id in upper case', [{ ...first, oid: first.oid.toUpperCase() }, second]),
    wrong('tree', 'what cannot be signed', [{ ...first, type: 'tree' }, second]),
    wrong(
      'sha256-of-sha1',
      'an id of the length of the other format',
      [{ ...first, oid: 'a'.repeat(64) }],
      ['a'.repeat(64)],
    ),
    wrong('base64-other', 'base64 with bits behind the last byte', [
      { ...first, content: otherBase64(first.content) },
      second,
    ]),
    wrong('base64-url', 'the other alphabet of base64', [
      { ...first, content: `${first.content.slice(0, -4)}-_-_` },
      second,
    ]),
    wrong('empty', 'no object at all', []),
    wrong('unknown-member', 'a member this version does not know', [{ ...first, signature: '' }, second]),
    wrong('not-a-list', 'an object instead of a list', { signed: [first] }),
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused('deep', 'five levels', '[[[[[]]]]]', 'LIMIT_EXCEEDED'),
  ];
}

/** The same bytes for a reader that is not strict. Both contents end with one or two padding characters. */
function otherBase64(content: string): string {
  const padding = content.length - content.replace(/=+$/, '').length;
  const last = content.length - padding - 1;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const next = alphabet[alphabet.indexOf(content[last] ?? 'A') + 1] ?? 'B';
  return `${content.slice(0, last)}${next}${content.slice(last + 1)}`;
}
