import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalJson } from './canonical-json.ts';
import { isGapferryError } from './errors.ts';
import { parseCanonicalJson } from './parse-json.ts';

const limits = { maxBytes: 1 << 20, maxDepth: 64 };
/** Without the names that no reader takes. */
const json = fc
  .jsonValue({ noUnicodeString: false })
  .filter((value) => !/"(?:__proto__|constructor|prototype)":/.test(JSON.stringify(value)));

describe('canonical JSON', () => {
  it('means the same as what it was made from', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
      }),
    );
  });

  it('does not depend on the order in which members were added', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (members) => {
        const reversed = Object.fromEntries(Object.entries(members).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(members));
      }),
    );
  });

  it('is read back by the strict parser', () => {
    fc.assert(
      fc.property(json, (value) => {
        const parsed = parseCanonicalJson(canonicalBytes(value), 'it', limits);
        expect(canonicalJson(parsed)).toBe(canonicalJson(value));
      }),
    );
  });

  it('writes numbers and strings as RFC 8785 section 3.2.2 shows', () => {
    const sample = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(sample)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts members by UTF-16 code units as RFC 8785 section 3.2.3 shows', () => {
    const sample = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect([...canonicalJson(sample).matchAll(/:(\d)/g)].map(([, digit]) => digit).join('')).toBe('2467153');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', () => {}, 1n])('refuses %s', (value) => {
    expect(() => canonicalJson({ value })).toThrow();
    try {
      canonicalJson([value]);
    } catch (error) {
      expect(isGapferryError(error, 'INTERNAL')).toBe(true);
    }
  });

  it('leaves out members that are undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});
