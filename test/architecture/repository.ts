import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSource, type SourceFile } from './source-file.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every file git knows or would add, from the root of the repository, with slashes. */
export function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

/** Bytes as latin1, so that any file can be searched as text. */
export function readAsLatin1(path: string): string {
  return readFileSync(join(root, path), 'latin1');
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

export function sourceFiles(): SourceFile[] {
  return repositoryFiles()
    .filter(
      (path) =>
        /^(packages|scripts|test)\/.*\.(ts|mts|mjs|js)$/.test(path) && !path.startsWith('test/vectors/'),
    )
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}
