import { describe, expect, it } from 'vitest';
import { parseChartMetadata } from './chart-metadata.ts';

const parse = (text: string, requirements?: string) => parseChartMetadata(text, requirements, 'the test');
const BASE = 'apiVersion: v2\nname: a\nversion: 1.0.0\n';

describe('Chart.yaml', () => {
  it('becomes the JSON that Go writes: order, known fields only, sorted maps, escapes', () => {
    const text = `${BASE}type: application\nunknown: x\ndescription: "a <b> & \\u2028"\nannotations: {z: 1.10, a: yes, m: "2", "10": x, "9": x}\nkeywords: [x]\ndeprecated: false\n`;
    expect(parse(text).json).toBe(
      '{"name":"a","version":"1.0.0","description":"a \\u003cb\\u003e \\u0026  ","keywords":["x"],"apiVersion":"v2","annotations":{"10":"x","9":"x","a":"true","m":"2","z":"1.1"},"type":"application"}',
    );
  });

  it.each([
    ['1.10', '1.1'],
    ['"1.10"', '1.10'],
    ['0x10', '16'],
    ['010', '8'],
    ['1_000', '1000'],
    ['1e3', '1000'],
    ['1234567.5', '1.2345675e+06'],
    ['on', 'true'],
    ['No', 'false'],
    ['2024-01-01', '2024-01-01'],
    ['1.2.3', '1.2.3'],
    ['!!str 1.10', '1.10'],
    ['20240101', '20240101'],
  ])('reads an appVersion of %s as Go does', (written, expected) => {
    expect(JSON.parse(parse(`${BASE}appVersion: ${written}\n`).json)).toMatchObject({ appVersion: expected });
  });

  it('leaves out what is empty and keeps what Go keeps', () => {
    const text = `${BASE}home: ~\nsources: []\nmaintainers: [{name: ""}]\ndependencies: [{name: b, version: 1.x}]\n`;
    expect(parse(text).json).toBe(
      '{"name":"a","version":"1.0.0","maintainers":[{}],"apiVersion":"v2","dependencies":[{"name":"b","version":"1.x","repository":""}]}',
    );
  });

  it('takes the dependencies of an old chart from requirements.yaml', () => {
    const { json } = parse(
      'name: a\nversion: 1.0.0\n',
      'dependencies: [{name: b, version: "1", repository: https://example.org, import-values: [{b: 2, a: 1.5}, data]}]\n',
    );
    expect(json).toBe(
      '{"name":"a","version":"1.0.0","apiVersion":"v1","dependencies":[{"name":"b","version":"1","repository":"https://example.org","import-values":[{"a":1.5,"b":2},"data"]}]}',
    );
  });

  it.each([
    ['no name', 'apiVersion: v2\nversion: 1.0.0\n'],
    ['a name with a path in it', 'apiVersion: v2\nname: ../a\nversion: 1.0.0\n'],
    ['no version', 'apiVersion: v2\nname: a\n'],
    ['a version that is none', 'apiVersion: v2\nname: a\nversion: one\n'],
    ['another type', `${BASE}type: plugin\n`],
    ['a list where text stands', `${BASE}description: [a]\n`],
    ['text where a list stands', `${BASE}keywords: a\n`],
    ['text where a truth value stands', `${BASE}deprecated: "true"\n`],
    ['an empty maintainer', `${BASE}maintainers: [~]\n`],
    ['a key twice', `${BASE}name: b\n`],
    ['a key that is a list', `${BASE}? [a]\n: b\n`],
    ['two documents', `${BASE}---\n${BASE}`],
    ['a list', '- a\n'],
    ['nothing', ''],
    ['an unfinished string', `${BASE}description: "a\n`],
    [
      'an alias bomb',
      `${BASE}a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
    ],
    ['nesting without end', `${BASE}a: ${'['.repeat(100_000)}`],
  ])('with %s is refused', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });

  it('gives no power to the name __proto__', () => {
    const { json } = parse(`${BASE}__proto__: {description: x}\nannotations: {__proto__: z}\n`);
    expect(JSON.parse(json)).not.toHaveProperty('description');
    expect(({} as { description?: string }).description).toBeUndefined();
    expect(json).toContain('"annotations":{"__proto__":"z"}');
  });
});
