import { describe, expect, it } from 'vitest';
import { readChartIndex } from './chart-index.ts';

const HEX = 'ab'.repeat(32);
const entry = (name: string, version: string): string =>
  `  - apiVersion: v2\n    name: ${name}\n    version: ${version}\n    description: |\n      about\n\n      other:\n    digest: ${HEX}\n    urls:\n    - ${name}-${version}.tgz\n`;
const read = (text: string, name = 'demo') => readChartIndex(Buffer.from(text), name, 'the test');
const expected = (version: string) => ({ version, url: `demo-${version}.tgz`, digest: `sha256:${HEX}` });

/** As helm writes it, large enough that it is not parsed whole. */
const filler = Array.from(
  { length: 500 },
  (_, index) => `  chart-${index}:\n${entry(`chart-${index}`, '1.0.0')}`,
).join('');
const large = `apiVersion: v1\nentries:\n  # about\n${filler}  demo:\n${entry('demo', '1.0.0')}${entry('demo', '2.0.0')}  demo-more:\n${entry('demo-more', '9.0.0')}generated: "2024-01-01T00:00:00Z"\n`;

describe('a repository index', () => {
  it('gives the versions of one chart', () => {
    expect(read(`apiVersion: v1\nentries:\n  demo:\n${entry('demo', '1.0.0')}`)).toEqual([expected('1.0.0')]);
    expect(read(`apiVersion: v1\nentries:\n  demo:\n${entry('demo', '1.0.0')}`, 'other')).toBeUndefined();
    expect(read('apiVersion: v1\nentries: {}\n')).toBeUndefined();
    expect(read('apiVersion: v1\n')).toBeUndefined();
  });

  it('gives the same when it is large, with or without a last line end, and as JSON', () => {
    expect(read(large)).toEqual([expected('1.0.0'), expected('2.0.0')]);
    expect(read(large.replaceAll('\n', '\r\n'))).toEqual([expected('1.0.0'), expected('2.0.0')]);
    expect(read(large, 'demo-more')).toHaveLength(1);
    expect(read(large, 'chart-0')).toHaveLength(1);
    expect(read(large, 'nothing')).toBeUndefined();
    const json = {
      apiVersion: 'v1',
      filler: 'x'.repeat(70_000),
      entries: { demo: [{ version: '1.0.0', urls: ['demo-1.0.0.tgz'], digest: HEX }] },
    };
    expect(read(JSON.stringify(json))).toEqual([expected('1.0.0')]);
  });

  it('is parsed whole when a large one uses aliases or quotes', () => {
    expect(read(large.replace('  demo:\n', '  "demo":\n'))).toHaveLength(2);
    const aliased = large
      .replace(`    digest: ${HEX}\n`, `    digest: &d ${HEX}\n`)
      .replace(
        `version: 2.0.0\n    description: |\n      about\n\n      other:\n    digest: ${HEX}\n`,
        'version: 2.0.0\n    digest: *d\n',
      );
    expect(read(aliased)).toHaveLength(2);
  });

  it('of 40 MB is read without parsing it all', () => {
    const body = Array.from(
      { length: 90_000 },
      (_, index) => `  other-${index}:\n${entry(`other-${index}`, '1.0.0')}`,
    ).join('');
    const text = `apiVersion: v1\nentries:\n${body}  demo:\n${entry('demo', '1.0.0')}`;
    expect(text.length).toBeGreaterThan(20_000_000);
    expect(read(text)).toEqual([expected('1.0.0')]);
  });

  it('of 40 MB without the chart is not parsed at all', () => {
    const body = Array.from(
      { length: 90_000 },
      (_, index) => `  b-${index}:\n${entry(`b-${index}`, '1.0.0')}`,
    );
    expect(read(`apiVersion: v1\nentries:\n${body.join('')}`)).toBeUndefined();
  });

  it.each([
    ['flow lists', `apiVersion: v1\nentries: {demo: [${'a,'.repeat(20_000_000)}]}\n`],
    ['one chart with endless versions', `apiVersion: v1\nentries:\n  demo:\n${'  - a\n'.repeat(8_000_000)}`],
  ])('of 40 MB is refused when it is %s', (_what, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  it('skips entries that Helm would skip', () => {
    const text =
      'apiVersion: v1\nentries:\n  demo:\n  - ~\n  - text\n  - {version: 1.0.0}\n  - {urls: [x]}\n  - {version: 2.0.0, urls: [x.tgz]}\n';
    expect(read(text)).toEqual([{ version: '2.0.0', url: 'x.tgz' }]);
  });

  it.each([
    ['no index', '<html></html>'],
    ['an index without apiVersion', 'entries: {}\n'],
    ['a list', '- a\n'],
    ['a chart twice', `apiVersion: v1\nentries:\n  demo: []\n  demo: []\n`],
    [
      'a version twice with other content',
      `apiVersion: v1\nentries:\n  demo:\n${entry('demo', '1.0.0')}${entry('demo', '1.0.0').replace(HEX, 'cd'.repeat(32))}`,
    ],
    ['a large index with a chart twice', large.replace('  demo-more:', '  demo:')],
    [
      'an alias bomb',
      `apiVersion: v1\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nentries: {demo: [*c,*c,*c,*c,*c,*c,*c]}\n`,
    ],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });

  it('is refused when a digest is no digest', () => {
    expect(() =>
      read(`apiVersion: v1\nentries:\n  demo:\n  - {version: 1.0.0, urls: [x], digest: abc}\n`),
    ).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
  });
});
