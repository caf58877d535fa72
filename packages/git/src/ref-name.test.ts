import { refNameProblem } from '@gapferry/core';
import { mustRun, runProcess } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { requireRefs } from './ref-name.ts';

const OID = 'a'.repeat(40);

describe('a ref name', () => {
  it.each([
    'refs/heads/main',
    'refs/tags/v1.0',
    'refs/heads/feature/x',
    'refs/heads/ümlaut',
    'refs/tags/a@b',
    'refs/heads/MAIN',
  ])('%s is accepted, by git too', async (name) => {
    expect(refNameProblem(name)).toBeUndefined();
    await mustRun('git', ['check-ref-format', name]);
  });

  it.each([
    'refs/heads/a..b',
    'refs/heads/.a',
    'refs/heads/a.lock',
    'refs/heads/a.lock/b',
    'refs/heads/a b',
    'refs/heads/a~1',
    'refs/heads/a^',
    'refs/heads/a:b',
    'refs/heads/a?',
    'refs/heads/a*',
    'refs/heads/a[',
    'refs/heads/a\\b',
    'refs/heads/a//b',
    'refs/heads/a/',
    'refs/heads/a.',
    'refs/heads/a@{1}',
    'refs/heads/a\u0007',
    'refs/heads/',
  ])('%j is refused, by git too', async (name) => {
    expect(refNameProblem(name)).toBeDefined();
    expect((await runProcess('git', ['check-ref-format', name])).code).toBe(1);
  });

  it.each([
    'refs/heads/-x',
    'refs/heads/a/--upload-pack=x',
    'refs/heads/@',
    'refs/notes/x',
    'HEAD',
    '-main',
    'refs/heads/../../config',
    `refs/heads/${'a'.repeat(1000)}`,
    'refs/heads/\ufffd',
  ])('%j is refused, more strictly than git does', (name) => {
    expect(refNameProblem(name)).toBeDefined();
  });
});

describe('a list of refs', () => {
  it('may have names that differ only in case', () => {
    requireRefs(
      [
        { name: 'refs/heads/main', oid: OID },
        { name: 'refs/heads/Main', oid: OID },
      ],
      'sha1',
      'the test',
    );
  });

  it.each([
    ['a name twice', ['refs/heads/a', 'refs/heads/a'], 'sha1', OID],
    ['a name that is a folder of another', ['refs/heads/a', 'refs/heads/a/b'], 'sha1', OID],
    ['an id that is not hex', ['refs/heads/a'], 'sha1', 'g'.repeat(40)],
    ['an id of the other length', ['refs/heads/a'], 'sha256', OID],
    ['an id with upper-case digits', ['refs/heads/a'], 'sha1', 'A'.repeat(40)],
  ] as const)('with %s is refused', (_what, names, format, oid) => {
    expect(() =>
      requireRefs(
        names.map((name) => ({ name, oid })),
        format,
        'the test',
      ),
    ).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });
});
