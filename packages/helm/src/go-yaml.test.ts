import { describe, expect, it } from 'vitest';
import { parseGoYaml } from './go-yaml.ts';

describe('hostile YAML', () => {
  it.each([
    ['brackets without end', '['.repeat(1_000_000)],
    [
      'the same key twice among many',
      `${Array.from({ length: 100_000 }, (_, n) => `k${n}:\n`).join('')}k7:\n`,
    ],
    ['the same key twice, in two spellings', 'a: 1\n"a": 2\n'],
  ])('is refused: %s', (_what, text) => {
    expect(() => parseGoYaml(text, 'it')).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });

  it('is refused at 4 MiB and a character, before it is parsed', () => {
    expect(() => parseGoYaml(' '.repeat(4_194_305), 'it')).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect(parseGoYaml(' '.repeat(4_194_304), 'it')).toBeNull();
  });
});

it('takes brackets in text as text', () => {
  expect(parseGoYaml(`a: "${'['.repeat(900)}"\nb: "x]]]]"\n`, 'it')).toMatchObject({ b: 'x]]]]' });
});
