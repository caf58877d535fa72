import { describe, expect, it } from 'vitest';
import { FORMATS, type FormatName, requireFormat } from './formats.ts';

const NAMES = Object.keys(FORMATS) as FormatName[];

describe('the format of a document', () => {
  it.each(NAMES)('%s is accepted as itself and as nothing else', (name) => {
    requireFormat({ format: FORMATS[name] }, name, 'x.json');
    for (const other of NAMES.filter((candidate) => candidate !== name))
      expect(() => requireFormat({ format: FORMATS[other] }, name, 'x.json')).toThrow(
        expect.objectContaining({ code: 'FORMAT_UNKNOWN' }),
      );
  });

  it('of the future asks for a newer gapferry', () => {
    expect(() => requireFormat({ format: 'gapferry.manifest/2' }, 'manifest', 'manifest.json')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('newer gapferry') }),
    );
  });

  it.each([
    undefined,
    null,
    1,
    'gapferry.manifest/1',
    [],
    {},
    { format: 1 },
    { format: null },
    { format: 'gapferry.manifest/1 ' },
  ])('%j is none', (value) => {
    expect(() => requireFormat(value, 'manifest', 'manifest.json')).toThrow(
      /manifest\.json has .*reads gapferry\.manifest\/1/,
    );
  });

  it('that is very long is shown cut', () => {
    const long = { format: 'x'.repeat(10_000) };
    expect(() => requireFormat(long, 'lock', 'a.lock')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,200}$/) }),
    );
  });
});
