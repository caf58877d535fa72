import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `expect.json` says (README.md beside this file). */
export interface Expect {
  readonly why: string;
  readonly accept?: true;
  readonly refuse?: string;
  readonly says?: readonly string[];
  readonly result?: unknown;
  readonly generate?: { readonly file: string; readonly fill: string; readonly size: number };
  readonly base?: string;
  readonly remove?: readonly string[];
  readonly release?: string;
  readonly now?: string;
  readonly mark?: { readonly sequence: number; readonly statement?: string; readonly issuedAt?: string };
  readonly unsupported?: Readonly<Record<string, readonly string[]>>;
  readonly digest?: string;
}

/** Names of the cases of a format, sorted. */
export function caseNames(format: string): string[] {
  return readdirSync(join(import.meta.dirname, format)).sort();
}

export function readExpect(format: string, name: string): Expect {
  return JSON.parse(readFileSync(join(import.meta.dirname, format, name, 'expect.json'), 'utf8')) as Expect;
}

/** Calls `work` with a directory that holds the whole case: its base, its own files over it, without what it removes, with what it generates. */
export async function withCase<T>(
  format: string,
  name: string,
  work: (directory: string, expected: Expect) => T | Promise<T>,
): Promise<T> {
  const expected = readExpect(format, name);
  const source = (of: string): string => join(import.meta.dirname, format, of);
  if (expected.base === undefined && expected.generate === undefined) return work(source(name), expected);
  const directory = mkdtempSync(join(tmpdir(), 'gapferry-vector-'));
  try {
    if (expected.base !== undefined) cpSync(source(expected.base), directory, { recursive: true });
    for (const path of expected.remove ?? []) rmSync(join(directory, path), { recursive: true });
    cpSync(source(name), directory, { recursive: true });
    if (expected.generate !== undefined) fill(directory, expected.generate);
    return await work(directory, expected);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function fill(directory: string, { file, fill: text, size }: NonNullable<Expect['generate']>): void {
  const path = join(directory, file);
  const bytes = Buffer.alloc(size, text);
  if (existsSync(path)) readFileSync(path).copy(bytes);
  writeFileSync(path, bytes);
}
