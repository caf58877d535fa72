import type { GitTagChoice } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type Advertisement, type ChooseTags, chooseRefs } from './choose-refs.ts';
import { parseAdvertisement } from './list-refs.ts';

const OID = '1234567890123456789012345678901234567890';
const names = [
  'refs/heads/main',
  'refs/heads/release/1',
  'refs/tags/v1.0',
  'refs/tags/v1.1',
  'refs/tags/v2.0',
  'refs/tags/main',
  'refs/heads/Zebra',
];
const advertised = { refs: names.map((name) => ({ name, oid: OID })), head: 'refs/heads/main' };
const chosen = (refs: readonly string[], tags?: GitTagChoice, from: Advertisement = advertised): string[] =>
  chooseRefs(from, { refs, ...(tags && { tags }) }, 'the test', newestFirst).map(({ name }) => name);
/** In place of the rule about versions: by text. */
const newestFirst: ChooseTags = (tags, { match = '.*', newest = tags.length }) =>
  tags
    .filter((tag) => new RegExp(`^${match}$`).test(tag))
    .sort()
    .reverse()
    .slice(0, newest);

describe('choosing refs', () => {
  it.each([
    [['main'], ['refs/heads/main', 'refs/tags/main']],
    [['refs/heads/main'], ['refs/heads/main']],
    [['HEAD'], ['refs/heads/main']],
    [['v1.*'], ['refs/tags/v1.0', 'refs/tags/v1.1']],
    [['*.0'], ['refs/tags/v1.0', 'refs/tags/v2.0']],
    [['v*.*'], ['refs/tags/v1.0', 'refs/tags/v1.1', 'refs/tags/v2.0']],
    [['rel*'], ['refs/heads/release/1']],
    [['refs/heads/*'], ['refs/heads/Zebra', 'refs/heads/main', 'refs/heads/release/1']],
    [
      ['v1.0', 'v1.*'],
      ['refs/tags/v1.0', 'refs/tags/v1.1'],
    ],
  ])('%j takes %j', (wanted, expected) => {
    expect(chosen(wanted)).toEqual(expected);
  });

  it('takes everything when nothing is named, in byte order', () => {
    expect(chosen([])).toEqual([...names].sort());
    expect(chosen(['*'])).toEqual([...names].sort());
  });

  it.each(['develop', 'v3.*', 'refs/tags/Zebra', 'v1', '**x', 'main*main'])(
    'names some refs that exist when %j matches none',
    (wanted) => {
      expect(() => chosen(['main', wanted])).toThrow(
        expect.objectContaining({
          code: 'SOURCE_NOT_FOUND',
          hint: expect.stringContaining('main, release/1, v1.0'),
        }),
      );
    },
  );

  it('takes tags by what they are, alone and besides what is named', () => {
    expect(chosen([], { match: 'v.*', newest: 2 })).toEqual(['refs/tags/v1.1', 'refs/tags/v2.0']);
    expect(chosen([], { newest: 1 })).toEqual(['refs/tags/v2.0']);
    expect(chosen(['v2.0', 'rel*'], { match: 'v.*', newest: 1 })).toEqual([
      'refs/heads/release/1',
      'refs/tags/v2.0',
    ]);
  });

  it('says which tags there are when none fits', () => {
    expect(() => chosen(['main'], { match: 'x.*' })).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        message: 'the test has no tag that fits x.*',
        hint: expect.stringContaining('v1.0, v1.1'),
      }),
    );
    const branches = { refs: [{ name: 'refs/heads/main', oid: OID }] };
    expect(() => chosen([], { newest: 3 }, branches)).toThrow(
      expect.objectContaining({ message: 'the test has no tag at all', hint: 'it has branches only' }),
    );
  });

  it('says that there is no default branch when HEAD is detached or names none', () => {
    expect(() => chosen(['HEAD'], undefined, { refs: advertised.refs })).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        message: expect.stringContaining('no default branch'),
        hint: expect.stringContaining('name the branch; there are: main'),
      }),
    );
  });

  it('refuses an empty repository', () => {
    expect(() => chosen([], undefined, { refs: [] })).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND' }),
    );
  });

  it('takes a pattern with many stars without taking for ever', () => {
    const refs = [{ name: `refs/heads/${'a'.repeat(900)}`, oid: OID }];
    expect(() => chosen([`${'a*'.repeat(200)}b`], undefined, { refs })).toThrow(
      expect.objectContaining({ code: 'SOURCE_NOT_FOUND' }),
    );
  });
});

describe('what git ls-remote prints', () => {
  it('is read without peeled tags and without other refs', () => {
    const text = `ref: refs/heads/main\tHEAD\n${OID}\tHEAD\n${OID}\trefs/heads/main\n${OID}\trefs/tags/v1\n${OID}\trefs/tags/v1^{}\n${OID}\trefs/pull/1/head\n`;
    expect(parseAdvertisement(text, 'the test')).toEqual({
      head: 'refs/heads/main',
      refs: [
        { name: 'refs/heads/main', oid: OID },
        { name: 'refs/tags/v1', oid: OID },
      ],
    });
  });

  it('has no head when HEAD is detached', () => {
    expect(parseAdvertisement(`${OID}\tHEAD\n${OID}\trefs/heads/main\n`, 'the test')).not.toHaveProperty(
      'head',
    );
  });

  it('may be 100,000 refs long', () => {
    const text = Array.from({ length: 100_000 }, (_, index) => `${OID}\trefs/tags/build-${index}\n`).join('');
    expect(chosen(['build-9999*'], undefined, parseAdvertisement(text, 'the test'))).toHaveLength(11);
  });

  it('may not mix object formats', () => {
    expect(() =>
      parseAdvertisement(`${OID}\trefs/heads/a\n${'a'.repeat(64)}\trefs/heads/b\n`, 'the test'),
    ).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  });
});
