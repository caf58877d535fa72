import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One case: the bytes a reader gets, and what it must say. See ../README.md for the members of `expect`. */
export interface Vector {
  readonly name: string;
  /** By path below the case's directory. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly expect: Expect;
}

export interface Expect {
  /** One sentence: what is shown. */
  readonly why: string;
  readonly accept?: true;
  /** The error code. */
  readonly refuse?: string;
  /** Texts that stand in the error's message. */
  readonly says?: readonly string[];
  /** Members that the accepted document has. */
  readonly result?: unknown;
  /** Bytes too large to keep: the file is filled up with `fill` to `size` bytes before it is read. */
  readonly generate?: { readonly file: string; readonly fill: string; readonly size: number };
  readonly [more: string]: unknown;
}

/** Makes cases of one file that is refused: `says` are texts of the error's message. */
export function refusals(
  file: string,
): (name: string, why: string, bytes: string, refuse: string, says?: readonly string[]) => Vector {
  return (name, why, bytes, refuse, says = []) => ({
    name,
    files: { [file]: bytes },
    expect: { why, refuse, ...(says.length > 0 && { says }) },
  });
}

/** Writes every case of a format anew. */
export function writeVectors(root: string, format: string, vectors: readonly Vector[]): void {
  rmSync(join(root, format), { recursive: true, force: true });
  for (const { name, files, expect } of vectors) {
    const written = { ...files, 'expect.json': `${JSON.stringify(expect, undefined, 2)}\n` };
    for (const [path, content] of Object.entries(written)) {
      const file = join(root, format, name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
}

/** JSON with sorted members and no spaces. For ASCII names and whole numbers, which is all that is used here, that is RFC 8785, without the code under test. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
