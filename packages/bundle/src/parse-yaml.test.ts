import { GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseYaml } from './parse-yaml.ts';
import type { Problem } from './problems.ts';

const SCHEMA = z.strictObject({
  format: z.string(),
  name: z.string(),
  targets: z.array(z.strictObject({ name: z.string(), port: z.number().optional() })).optional(),
});
const KNOWN = ['format', 'name', 'targets', 'port'];

function parse(text: string): z.infer<typeof SCHEMA> {
  return parseYaml(text, 'site.yaml', 'site', SCHEMA, () => KNOWN).value;
}

/** What is wrong, as `line:column: path: message`. */
function problemsOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof GapferryError)) throw error;
    expect(error.code).toBe('CONFIG_INVALID');
    const problems = error.data['problems'] as Problem[];
    return problems.map(({ path, message, line, column }) => `${line}:${column}: ${path}: ${message}`);
  }
  return [];
}

describe('a YAML file', () => {
  it('gives what it says', () => {
    expect(parse('format: gapferry.site/1\nname: plant-7\ntargets:\n  - {name: a, port: 1}\n')).toEqual({
      format: 'gapferry.site/1',
      name: 'plant-7',
      targets: [{ name: 'a', port: 1 }],
    });
  });

  it('may share a node by an alias', () => {
    const text = 'format: gapferry.site/1\nname: &n plant-7\ntargets: [{name: *n}]\n';
    expect(parse(text).targets).toEqual([{ name: 'plant-7' }]);
  });

  it('is read as YAML 1.2: "no" is a word', () => {
    expect(parse('format: gapferry.site/1\nname: no').name).toBe('no');
  });

  it('may have been written on Windows', () => {
    expect(problemsOf('format: gapferry.site/1\r\nname: 5\r\n')).toEqual([
      '2:7: name: must be text: put it in quotes',
    ]);
  });
});

describe('problems of a YAML file', () => {
  it('are all told at once, each with line and column', () => {
    const text = 'format: gapferry.site/1\nname: 1.2\ntargets:\n  - name: a\n    prot: 1\n  - port: x\n';
    expect(problemsOf(text)).toEqual([
      '2:7: name: must be text: put it in quotes',
      '5:5: targets[0].prot: is not known here; did you mean "port"?',
      '6:5: targets[1].name: is missing',
      '6:11: targets[1].port: must be a number',
    ]);
  });

  it('name what stands there twice', () => {
    expect(problemsOf('format: gapferry.site/1\nname: a\nname: b\n')).toEqual([
      expect.stringMatching(/^3:1: .*name: stands here a second time$/),
    ]);
  });

  it('say in plain words which type is meant', () => {
    expect(problemsOf('format: gapferry.site/1\nname: a\ntargets: many\n')).toEqual([
      '3:10: targets: must be a list',
    ]);
  });

  it('are one line each in the message, with the file in front', () => {
    expect(() => parse('format: gapferry.site/1\nname: 1\nx: 1')).toThrow(
      'site.yaml:2:7: name: must be text: put it in quotes\nsite.yaml:3:1: x: is not known here',
    );
  });

  it('point at a member that is missing where it should be', () => {
    expect(problemsOf('format: gapferry.site/1\ntargets: []\n')).toEqual(['1:1: name: is missing']);
  });

  it.each([
    ['', '1:1: format: is missing: the file is empty; write "format: gapferry.site/1"'],
    ['# nothing\n', '1:1: format: is missing: the file is empty; write "format: gapferry.site/1"'],
    ['- a', '1:1: format: is missing: the file is no mapping; it begins with "format: gapferry.site/1"'],
    ['name: x', '1:1: format: is missing; write "format: gapferry.site/1"'],
    ['name: x\nformat: gapferry.site/2', '2:9: format: must be gapferry.site/1, not "gapferry.site/2"'],
    ['format: 1', '1:9: format: must be gapferry.site/1, not "1"'],
  ])('begin with the format: %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each<[string, string, number]>([
    ['a duplicate key', 'format: gapferry.site/1\nname: a\nname: b\n', 3],
    ['a tab', 'format: gapferry.site/1\ntargets:\n\t- name: a\n', 3],
    ['an open bracket', 'format: gapferry.site/1\ntargets: [\n', 3],
    ['two documents', 'format: gapferry.site/1\n---\nname: a\n', 2],
    ['an unknown alias', 'format: gapferry.site/1\nname: *nobody\n', 2],
    ['a custom tag', 'format: gapferry.site/1\nname: !!js/function "x"\n', 2],
  ])('of syntax have a place: %s', (_, text, line) => {
    const [problem] = problemsOf(text);
    expect(problem).toMatch(new RegExp(`^${line}:\\d+: : `));
  });

  it('of syntax are told by the first of them: one line too far to the left makes many', () => {
    const text = 'targets:\n  - name: a\n  port: 1\n   name: b\n    port: c: d\n   x: y: z\n';
    const attempt = (): unknown => parse(text);
    expect(problemsOf(text).length).toBeGreaterThan(3);
    expect(attempt).toThrow(/^site.yaml:3:1: [^\n]+\n[^\n]+\n[^\n]+\nand \d+ more$/);
  });

  it('are shown up to a hundred', () => {
    const text = `format: gapferry.site/1\nname: a\n${Array.from({ length: 150 }, (_, i) => `zz${i}: 1`).join('\n')}`;
    expect(() => parse(text)).toThrow(/site\.yaml:102:1: zz99: is not known here\nand 50 more$/);
  });
});

describe('a hostile YAML file', () => {
  const head = 'format: gapferry.site/1\nname: ';

  it.each<[string, string]>([
    ['brackets', '['.repeat(1_000_000)],
    ['braces', '{'.repeat(1_000_000)],
    ['sequences in a line', '- '.repeat(500_000)],
    ['explicit keys', '? '.repeat(500_000)],
    ['blocks', Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('that is too deep is refused without being parsed: %s', (_, text) => {
    expect(problemsOf(text)[0]).toContain('nested deeper than 100 levels');
  });

  it('that is too large is refused', () => {
    expect(problemsOf(`${head}${'x'.repeat(1_048_576)}`)[0]).toContain('larger than 1048576 bytes');
  });

  it('with an alias bomb is refused', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
    expect(problemsOf(lines.join('\n'))[0]).toMatch(/alias/i);
  });

  it.each(['__proto__', 'constructor'])('gains nothing by a member %s', (name) => {
    expect(problemsOf(`${head}a\n${name}: {polluted: 1}\n`)).not.toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('cannot write control characters to a terminal', () => {
    try {
      parse(`${head}a\n"\\e[2J": 1\n`);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).toContain('\\u{1b}[2J');
    }
  });
});
