import { describe, expect, it } from 'vitest';
import { isGapferryError } from './errors.ts';
import { parseCanonicalJson, parseJson } from './parse-json.ts';

const limits = { maxBytes: 100, maxDepth: 3 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return isGapferryError(error) ? error.code : String(error);
  }
}

describe('parseJson', () => {
  it('accepts exactly the deepest nesting allowed and no more', () => {
    expect(codeOf(() => parseJson(bytes('[[[1]]]'), 'it', limits))).toBe('accepted');
    expect(codeOf(() => parseJson(bytes('[[[[1]]]]'), 'it', limits))).toBe('LIMIT_EXCEEDED');
  });

  it('does not count brackets inside strings', () => {
    expect(parseJson(bytes('["[[[[\\"[[["]'), 'it', limits)).toEqual(['[[[["[[[']);
  });

  it('refuses a document larger than the limit before parsing it', () => {
    expect(codeOf(() => parseJson(bytes(' '.repeat(101)), 'it', limits))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => parseJson(bytes(`${' '.repeat(99)}1`), 'it', limits))).toBe('accepted');
  });

  it('survives a hundred thousand opening brackets', () => {
    expect(
      codeOf(() => parseJson(bytes('['.repeat(100_000)), 'it', { maxBytes: 1 << 20, maxDepth: 64 })),
    ).toBe('LIMIT_EXCEEDED');
  });

  it.each(['{"__proto__":1}', '{"a":{"constructor":1}}', '[{"prototype":{}}]', '{"\\u005f_proto__":1}'])(
    'refuses the special member name in %s',
    (text) => {
      expect(codeOf(() => parseJson(bytes(text), 'it', limits))).toBe('JSON_INVALID');
    },
  );

  it.each(['{"password": hunter2}', 'hunter2', '{"password":"hunter2"', '{"password":"hunter2"hunter2}'])(
    'never quotes the document: %s',
    (text) => {
      const told = (): unknown => parseJson(bytes(text), 'the credentials', limits);
      expect(told).toThrow('the credentials is not valid JSON');
      expect(told).not.toThrow('hunter');
    },
  );

  it.each(['', '{', '1 2', '{"a":1}x', '\ufeff1', "{'a':1}", '[1,]', 'NaN'])(
    'refuses what is not JSON: %j',
    (text) => {
      expect(codeOf(() => parseJson(bytes(text), 'it', limits))).toBe('JSON_INVALID');
    },
  );

  it('refuses bytes that are not UTF-8', () => {
    expect(codeOf(() => parseJson(new Uint8Array([0x22, 0xff, 0x22]), 'it', limits))).toBe('JSON_INVALID');
  });

  it('names the document in the error', () => {
    expect(() => parseJson(bytes('x'), 'manifest.json of line-a/17', limits)).toThrow(
      /manifest\.json of line-a\/17/,
    );
  });
});

describe('parseCanonicalJson', () => {
  it.each(['{"b":1,"a":2}', '{"a":1,"a":1}', '{ "a":1}', '{"a":1}\n', '1.0', '"\\u0041"', '[1e2]'])(
    'refuses another spelling of the same: %s',
    (text) => {
      expect(codeOf(() => parseCanonicalJson(bytes(text), 'it', limits))).toBe('JSON_INVALID');
    },
  );

  it('accepts the canonical spelling', () => {
    expect(parseCanonicalJson(bytes('{"a":[1,2],"b":"c"}'), 'it', limits)).toEqual({ a: [1, 2], b: 'c' });
  });
});
