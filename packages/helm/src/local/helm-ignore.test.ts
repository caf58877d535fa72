import { describe, expect, it } from 'vitest';
import { parseHelmIgnore } from './helm-ignore.ts';

const ignored = (rules: string, path: string, isDirectory = false): boolean =>
  parseHelmIgnore(rules, 'demo')(path, isDirectory);

describe('.helmignore', () => {
  // Helm's own table (pkg/ignore/rules_test.go).
  it.each([
    ['helm.txt', 'helm.txt', true],
    ['helm.*', 'helm.txt', true],
    ['helm.*', 'rudder.txt', false],
    ['*.txt', 'tiller.txt', true],
    ['*.txt', 'cargo/a.txt', true],
    ['cargo/*.txt', 'cargo/a.txt', true],
    ['cargo/*.*', 'cargo/a.txt', true],
    ['cargo/*.txt', 'mast/a.txt', false],
    ['ru[c-e]?er.txt', 'rudder.txt', true],
    ['templates/.?*', 'templates/.dotfile', true],
    ['.*', '.joonix', true],
    ['.*', 'helm.txt', false],
    ['/*.txt', 'a.txt', true],
    ['/*.txt', 'cargo/a.txt', false],
    ['helm.txt\n!*.txt', 'helm.txt', true],
    ['!helm.txt', 'tiller.txt', true],
    ['!*.txt', 'cargo', true],
    ['', 'helm.txt', false],
    ['# helm.txt', 'helm.txt', false],
    ['\ufeffhelm.txt', 'helm.txt', true],
    ['  helm.txt \r\n', 'helm.txt', true],
    ['[^a]b', 'cb', true],
    ['[^a]b', 'ab', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['[a\\-z]', '-', true],
    ['[a\\-z]', 'b', false],
    ['a*b*c', 'a/b/c', false],
    ['x/a*b*c', 'x/aXbXbc', true],
    ['x/a*c', 'x/a/c', false],
  ])('%j with %s is %s', (rules, path, expected) => {
    expect(ignored(rules, path)).toBe(expected);
  });

  it.each([
    ['cargo/', 'cargo', true, true],
    ['cargo/', 'cargo', false, false],
    ['cargo', 'cargo', true, true],
    ['!cargo/', 'a.txt', false, true],
  ])('%j with %s, a folder: %s, is %s', (rules, path, isDirectory, expected) => {
    expect(ignored(rules, path, isDirectory)).toBe(expected);
  });

  it.each(['a/**/b', '[', '[]', '[a', '[-a]', 'a\\'])('%j is refused', (rules) => {
    expect(() => ignored(rules, 'a')).toThrowError(/helmignore of demo is refused/);
  });

  it('takes no time for many stars', () => {
    expect(ignored(`${'a*'.repeat(400)}b`, 'a'.repeat(5000))).toBe(false);
  });
});
