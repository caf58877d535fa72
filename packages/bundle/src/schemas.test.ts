import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameSchema, refNameSchema, timeSchema, versionSchema } from './schemas.ts';

function hasGit(): boolean {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function gitAccepts(name: string): boolean {
  try {
    execFileSync('git', ['check-ref-format', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('names of refs', () => {
  it('are accepted exactly when git accepts them and nothing in them reads like an option or HEAD', (context) => {
    if (!hasGit()) context.skip('there is no git here to ask');
    const unit = fc.constantFrom(
      'a',
      'Z',
      '0',
      '.',
      '/',
      '-',
      '_',
      '@',
      '{',
      '~',
      ' ',
      'lock',
      '\\',
      '*',
      'é',
    );
    const name = fc.string({ unit, minLength: 1, maxLength: 8 }).map((text) => `refs/heads/${text}`);
    fc.assert(
      fc.property(name, (text) => {
        const ours = refNameSchema.safeParse(text).success;
        const optionLike = text.split('/').some((part) => part.startsWith('-'));
        // Git takes a branch of this name, and reads it as HEAD wherever it is typed.
        const isHead = text === 'refs/heads/@';
        expect(ours).toBe(gitAccepts(text) && !optionLike && !isHead);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    'HEAD',
    'refs/heads/',
    'refs/notes/a',
    'refs/heads/a.lock',
    'refs/heads/-a',
    'refs/heads/a\nb',
    `refs/heads/${'a'.repeat(500)}`,
  ])('are refused: %j', (name) => {
    expect(refNameSchema.safeParse(name).success).toBe(false);
  });
});

describe('names of bundles, channels and sites', () => {
  it.each([
    ['a', true],
    ['line-a.v2_x', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['-a', false],
    ['a.', false],
    ['A', false],
    ['a/b', false],
    ['..', false],
    ['nul', false],
    ['com1.x', false],
    ['constructor', false],
    ['prototype', false],
    ['constructor-2', true],
    ['a\n', false],
  ])('%j: %s', (name, expected) => {
    expect(nameSchema.safeParse(name).success).toBe(expected);
  });
});

describe('versions', () => {
  it.each([
    ['1', true],
    ['1.4.0-rc.1+build', true],
    ['v'.repeat(128), true],
    ['v'.repeat(129), false],
    ['1.0 ', false],
    ['1/0', false],
    ['-1', false],
    ['1.', false],
  ])('%j: %s', (version, expected) => {
    expect(versionSchema.safeParse(version).success).toBe(expected);
  });
});

describe('times', () => {
  it.each([
    ['2026-05-01T08:00:00Z', true],
    ['2024-02-29T00:00:00Z', true],
    ['2026-02-29T00:00:00Z', false],
    ['2026-02-30T00:00:00Z', false],
    ['2026-13-01T00:00:00Z', false],
    ['2026-05-01T24:00:00Z', false],
    ['2026-05-01T08:00:00.000Z', false],
    ['2026-05-01T08:00:00+00:00', false],
    ['2026-05-01', false],
  ])('%s: %s', (time, expected) => {
    expect(timeSchema.safeParse(time).success).toBe(expected);
  });
});
