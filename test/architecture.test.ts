import { fileURLToPath } from 'node:url';
import { runProcess } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import {
  ARROWS,
  FILE_LINES,
  FUNCTION_LINES,
  TEST_FILE_LINES,
  WITHOUT_TESTKIT,
} from './architecture/arrows.ts';
import { readAsLatin1, readJson, repositoryFiles, sourceFiles } from './architecture/repository.ts';
import {
  arrowViolations,
  cycleViolations,
  dormantTestViolations,
  holdsPrivateKey,
  nameViolations,
  outsideViolations,
  sizeViolations,
} from './architecture/rules.ts';
import { parseSource, type SourceFile } from './architecture/source-file.ts';

const sources = sourceFiles();
const packages = [
  ...new Set(repositoryFiles().map((path) => /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1])),
]
  .filter((name) => name !== undefined)
  .sort();

const file = (path: string, text: string): SourceFile => parseSource(path, text);

describe('arrows between packages', () => {
  it('hold in every source', () => {
    expect(arrowViolations(sources)).toEqual([]);
  });

  it('hold for turbo boundaries, which counts indirect dependencies too', async () => {
    const turbo = fileURLToPath(new URL('../node_modules/.bin/turbo', import.meta.url));
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TURBO_TELEMETRY_DISABLED: '1' };
    const { code, stdout, stderr } = await runProcess(turbo, ['boundaries'], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env,
    });
    expect(`${stdout}${stderr}`).toContain('no issues found');
    expect(code).toBe(0);
  });

  it('name every package there is', () => {
    expect(packages).toEqual(Object.keys(ARROWS).sort());
  });

  it.each(packages)('are what %s declares as its dependencies', (name) => {
    const { dependencies = {}, devDependencies = {} } = readJson(`packages/${name}/package.json`) as Manifest;
    expect(ownNames(dependencies)).toEqual([...ARROWS[name as keyof typeof ARROWS]].sort());
    expect(ownNames(devDependencies).filter((dev) => dev !== 'testkit' || WITHOUT_TESTKIT.has(name))).toEqual(
      [],
    );
  });

  it.each([
    ['packages/oci/src/a.ts', `import type { Chart } from '@gapferry/helm';`],
    ['packages/core/src/a.ts', `export { x } from '@gapferry/bundle';`],
    ['packages/core/src/a.test.ts', `import { x } from '@gapferry/testkit';`],
    ['packages/depot/src/a.ts', `import { x } from '@gapferry/testkit';`],
    ['packages/depot/src/a.ts', `import { x } from '@gapferry/core/testing';`],
    ['packages/depot/src/a.ts', `import { x } from '@gapferry/core/src/digest.ts';`],
    ['packages/git/src/a.ts', `export * from '../../core/src/index.ts';`],
    ['packages/importer/src/a.ts', `const x = await import('@gapferry/depot');`],
    ['packages/report/src/a.ts', `type X = import('@gapferry/oci').Reference;`],
  ])('refuse in %s: %s', (path, text) => {
    expect(arrowViolations([file(path, text)])).toEqual([expect.stringContaining(`${path}:1 imports`)]);
  });

  it.each([
    ['packages/oci/src/a.ts', `import { x } from '@gapferry/http';`],
    ['packages/depot/src/a.contract.test.ts', `import { x } from '@gapferry/core/testing';`],
    ['packages/depot/src/a.test.ts', `import { x } from '@gapferry/testkit';`],
    ['test/e2e/a.test.ts', `import { x } from '@gapferry/oci';`],
  ])('allow in %s: %s', (path, text) => {
    expect(arrowViolations([file(path, text)])).toEqual([]);
  });
});

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

function ownNames(dependencies: Record<string, string>): string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@gapferry/'))
    .map((name) => name.slice('@gapferry/'.length))
    .sort();
}

describe('the outside world', () => {
  it('is reached only by the packages that are meant to', () => {
    expect(outsideViolations(sources)).toEqual([]);
  });

  it.each([
    ['packages/core/src/a.ts', `import { readFile } from 'node:fs/promises';`],
    ['packages/bundle/src/a.ts', `import net from 'net';`],
    ['packages/collector/src/a.ts', `const { request } = await import('node:https');`],
    ['packages/importer/src/a.ts', `import { spawn } from 'node:child_process';`],
    ['packages/report/src/a.ts', `import * as fs from 'node:fs';`],
    ['packages/core/src/a.ts', `const answer = await fetch('http://example.org');`],
    ['packages/bundle/src/a.ts', `const fs = process.getBuiltinModule('node:fs');`],
    ['packages/oci/src/a.ts', `const user = process.env['USER'];`],
    ['packages/oci/src/a.ts', `import { env } from 'node:process';`],
    ['packages/depot/src/a.ts', `process.exit(1);`],
    ['packages/git/src/a.ts', `console.log('done');`],
  ])('is refused in %s: %s', (path, text) => {
    expect(outsideViolations([file(path, text)])).toEqual([expect.stringContaining(`${path}:1`)]);
  });

  it.each([
    ['packages/core/src/a.ts', `import { createHash } from 'node:crypto';`],
    [
      'packages/collector/src/a.ts',
      `export async function run(fetch: () => Promise<void>) { await fetch(); }`,
    ],
    ['packages/depot/src/a.ts', `import { open } from 'node:fs/promises';`],
    ['packages/cli/src/a.ts', `console.log(process.env['HOME']);`],
    ['packages/bundle/src/a.test.ts', `import { readFileSync } from 'node:fs';`],
  ])('is allowed in %s: %s', (path, text) => {
    expect(outsideViolations([file(path, text)])).toEqual([]);
  });
});

describe('sizes', () => {
  const linesOf = (count: number): string => 'let x;\n'.repeat(count).replaceAll('let x;', '// a line');
  const functionOf = (lines: number, body = '// a line'): string =>
    `export function long(): void {\n${`${body}\n`.repeat(lines - 2)}}\n`;

  it('stay within the limits', () => {
    expect(sizeViolations(sources)).toEqual([]);
  });

  it('allow a file of exactly the limit, and report one line more', () => {
    expect(sizeViolations([file('packages/core/src/a.ts', linesOf(FILE_LINES))])).toEqual([]);
    expect(sizeViolations([file('packages/core/src/a.ts', linesOf(FILE_LINES + 1))])).toHaveLength(1);
    expect(sizeViolations([file('packages/core/src/a.test.ts', linesOf(TEST_FILE_LINES))])).toEqual([]);
    expect(sizeViolations([file('packages/core/src/a.test.ts', linesOf(TEST_FILE_LINES + 1))])).toHaveLength(
      1,
    );
  });

  it('allow a function of exactly the limit, and report one line more by name', () => {
    expect(sizeViolations([file('packages/core/src/a.ts', functionOf(FUNCTION_LINES))])).toEqual([]);
    expect(sizeViolations([file('packages/core/src/a.ts', functionOf(FUNCTION_LINES + 1))])).toEqual([
      expect.stringContaining('long has 61 lines'),
    ]);
  });

  it('count methods and arrow functions too', () => {
    const method = `class A {\n  long(): void {\n${'// a line\n'.repeat(60)}}\n}\n`;
    const arrow = `const long = (): void => {\n${'// a line\n'.repeat(60)}};\n`;
    expect(sizeViolations([file('packages/core/src/a.ts', method)])).toHaveLength(1);
    expect(sizeViolations([file('packages/core/src/a.ts', arrow)])).toHaveLength(1);
  });

  it('let a list of tests be long, but not a function in a test file', () => {
    const list = functionOf(100, `it('x', () => {});`);
    expect(sizeViolations([file('packages/core/src/a.test.ts', list)])).toEqual([]);
    expect(sizeViolations([file('packages/core/src/a.test.ts', functionOf(100))])).toHaveLength(1);
    expect(sizeViolations([file('packages/core/src/a.ts', list)])).toHaveLength(1);
  });
});

describe('files', () => {
  it('never import each other in a circle', () => {
    expect(cycleViolations(sources)).toEqual([]);
  });

  it('are reported once for each circle, type imports included', () => {
    const circle = [
      file('packages/core/src/a.ts', `import { b } from './b.ts';`),
      file('packages/core/src/b.ts', `export * from './deep/c.ts';`),
      file('packages/core/src/deep/c.ts', `import type { A } from '../a.ts';`),
    ];
    expect(cycleViolations(circle)).toEqual([
      'packages/core/src/a.ts → packages/core/src/b.ts → packages/core/src/deep/c.ts → packages/core/src/a.ts',
    ]);
    expect(cycleViolations(circle.slice(0, 2))).toEqual([]);
  });

  it('have names that say something', () => {
    expect(nameViolations(sources)).toEqual([]);
    const vague = ['utils.ts', 'tar-helpers.ts', 'common.test.ts', 'depot-manager.ts', 'digest.ts'];
    const reported = nameViolations(vague.map((name) => file(`packages/core/src/${name}`, '')));
    expect(reported).toHaveLength(4);
  });
});

describe('tests', () => {
  it('are all awake', () => {
    expect(dormantTestViolations(sources)).toEqual([]);
  });

  it.each(['skip', 'only', 'todo'])('are reported when they use .%s', (word) => {
    const text = `it.${word}('does something');\ndescribe['${word}']('a thing', () => {});`;
    expect(dormantTestViolations([file('packages/core/src/a.test.ts', text)])).toHaveLength(2);
  });
});

describe('private keys', () => {
  it('are nowhere in the repository', () => {
    expect(repositoryFiles().filter((path) => holdsPrivateKey(readAsLatin1(path)))).toEqual([]);
  });

  it.each(['', 'EC ', 'RSA ', 'OPENSSH ', 'ENCRYPTED ', 'ENCRYPTED SIGSTORE '])(
    'are found by the header "%s"',
    (kind) => {
      expect(holdsPrivateKey(`text before\n-----BEGIN ${kind}PRIVATE KEY-----\nMIG`)).toBe(true);
      expect(holdsPrivateKey(`-----BEGIN ${kind}PUBLIC KEY-----`)).toBe(false);
    },
  );
});
