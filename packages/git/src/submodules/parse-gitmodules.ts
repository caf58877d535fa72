import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';

/** An entry of `.gitmodules` that git would use (gitmodules(5)). */
export interface GitmodulesEntry {
  readonly name: string;
  readonly path: string;
  /** As written; absent where there is none. */
  readonly url?: string;
}

export interface Gitmodules {
  /** By path; of two entries with one path the last, as git takes it. */
  readonly entries: ReadonlyMap<string, GitmodulesEntry>;
  /** What is wrong with it, one sentence each. */
  readonly faults: readonly string[];
}

export interface GitmodulesBlob {
  readonly oid: string;
  readonly size: number;
  /** For messages: the repository. */
  readonly what: string;
}

const LARGEST = 1_048_576;
/** Every key comes with the name of its section. */
const LARGEST_LISTING = 67_108_864;

/** Reads one `.gitmodules` with git's own parser, without what it includes. Only names, paths and URLs count: `update`, `branch` and everything else is nobody's business here.
 *  What git itself cannot parse, or would not use (names with `..`, what reads like an option), is a fault and no entry. Throws `LIMIT_EXCEEDED` for more than 1 MiB. */
export async function parseGitmodules(
  git: Git,
  { directory }: GitMirror,
  { oid, size, what }: GitmodulesBlob,
  run: Run,
): Promise<Gitmodules> {
  if (size > LARGEST) throw tooLarge(what, size);
  const args = ['config', `--blob=${oid}`, '--no-includes', '-z', '--list'];
  const doing = `read the .gitmodules of ${what}`;
  try {
    const { text } = await git.run({ repository: directory, doing, args }, run, LARGEST_LISTING);
    return entriesOf(text);
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    return { entries: new Map(), faults: ['it is no configuration that git can read'] };
  }
}

/** `key LF value NUL`; a key without value has no LF. */
function entriesOf(listing: string): Gitmodules {
  const sections = new Map<string, { path?: string; url?: string }>();
  for (const record of listing.split('\0')) {
    const end = record.indexOf('\n');
    const [, name, member] = /^submodule\.(.*)\.(path|url)$/s.exec(record.slice(0, Math.max(end, 0))) ?? [];
    if (name === undefined || (member !== 'path' && member !== 'url')) continue;
    const section = sections.get(name) ?? {};
    section[member] = record.slice(end + 1);
    sections.set(name, section);
  }
  const entries = new Map<string, GitmodulesEntry>();
  const faults: string[] = [];
  for (const [name, { path, url }] of sections) {
    if (path === undefined) continue;
    const fault = faultOf(name, path, url) ?? (entries.has(path) ? twice(path) : undefined);
    if (fault !== undefined) faults.push(fault);
    if (faultOf(name, path, url) === undefined)
      entries.set(path, { name, path, ...(url !== undefined && { url }) });
  }
  return { entries, faults };
}

/** As git judges names (`check_submodule_name`), and what it ignores because it may be taken for an option. */
function faultOf(name: string, path: string, url: string | undefined): string | undefined {
  if (name === '' || name.split(/[/\\]/).includes('..')) return `the name "${name.slice(0, 200)}" is refused`;
  if (path.startsWith('-')) return `the path "${path.slice(0, 200)}" reads like an option`;
  if (url?.startsWith('-') === true) return `the URL "${url.slice(0, 200)}" reads like an option`;
  return undefined;
}

function twice(path: string): string {
  return `the path "${path.slice(0, 200)}" has two entries, of which git takes the last`;
}

function tooLarge(what: string, size: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `the .gitmodules of ${what} has ${size} bytes, more than ${LARGEST}`,
    hint: 'say "submodules: none" on the line of the repository in bundle.yaml',
  });
}
