import { describe, expect, it } from 'vitest';
import { re2Source } from './re2-source.ts';

const TAGS = ['1.0', 'v1.0-rc1', 'V1.0', 'latest', 'Stable', 'a]b', 'A-stable', 'x.y', 'xzy'];

/** What Go 1.26’s regexp, which is RE2, selects of these. */
const SELECTED: ReadonlyArray<readonly [string, readonly string[]]> = [
  ['(?i)^v', ['v1.0-rc1', 'V1.0']],
  ['^(?i:v)1\\.0$', ['V1.0']],
  ['x(?i)Y|STABLE', ['Stable', 'A-stable']],
  ['(?:(?i)STA|la)(?-i)B|^LA', []],
  ['((?i)sta)ble$|^V', ['V1.0', 'Stable', 'A-stable']],
  ['^v[0-9]+\\.[0-9]+\\-rc[0-9]+$', ['v1.0-rc1']],
  ['\\A\\d+\\.\\d+\\z', ['1.0']],
  ['^[[:alpha:]]+$', ['latest', 'Stable', 'xzy']],
  ['^[^[:lower:]]+$', ['1.0', 'V1.0']],
  ['[]]', ['a]b']],
  ['^\\Qx.y\\E$', ['x.y']],
  ['^(?P<major>[0-9]+)', ['1.0']],
  ['(?U)^l.*t$', ['latest']],
  ['(?s-i)^\\x{6c}at', ['latest']],
  ['', TAGS],
];

describe('an expression of RE2', () => {
  it.each(SELECTED)('%s selects what it selects there', (pattern, selected) => {
    const expression = new RegExp(re2Source(pattern));
    expect(TAGS.filter((tag) => expression.test(tag))).toEqual(selected);
  });

  it.each(['(?=a)', '(?<!a)b', '(a)\\1', '(?i', '(a', 'a)', '\\pL', '[[:^alpha:]]', 'a\\', '*'])(
    'is none that is not known: %s',
    (pattern) => {
      expect(() => new RegExp(re2Source(pattern))).toThrow(SyntaxError);
    },
  );
});
