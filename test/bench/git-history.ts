import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '@gapferry/testkit';
import { cacheDirectory } from './workload.ts';

/** A bare repository with a long history, and two states of it. */
export interface GitHistory {
  readonly path: string;
  /** `main` at first, and 500 commits later. */
  readonly before: string;
  readonly after: string;
}

/** Another number makes everybody's history anew. */
const GENERATOR = 1;
const COMMITS_LATER = 500;
/** Files at the beginning: 24 areas of 20 parts of 30 files. */
const SHAPE = { areas: 24, parts: 20, files: 30 } as const;
/** Every commit changes so many files, each in a part of its own: as many blobs, twice as many trees and one more, and the commit. */
const CHANGED = 3;
const OBJECTS_PER_COMMIT = CHANGED * 3 + 2;

/** A history of about `objects` objects that `git fast-import` makes when it is not in the cache: configuration in words, a few lines of three files changed in each commit, a tag every
 *  250. The same number gives the same ids everywhere. Repacked as a server keeps it. */
export async function openGitHistory(objects: number): Promise<GitHistory> {
  const directory = join(cacheDirectory(), `git-${objects}-v${GENERATOR}`);
  const path = join(directory, 'upstream.git');
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) {
    process.stderr.write(`bench: making a history of ${objects} objects in ${directory} (once)\n`);
    await rm(directory, { recursive: true, force: true });
    await make(objects, `${path}.tmp`);
    await rename(`${path}.tmp`, path);
  }
  // Not advertised, so that nobody fetches the later state with the earlier one.
  const id = async (name: string): Promise<string> =>
    (await mustRun('git', ['-C', path, 'rev-parse', `refs/bench/${name}`])).trim();
  return { path, before: await id('before'), after: await id('after') };
}

/** Shows the repository's visitors one of the states: tags and branches of later commits are not there before. */
export async function showState(
  { path, before, after }: GitHistory,
  state: 'before' | 'after',
): Promise<void> {
  const lines =
    state === 'after'
      ? [`update refs/heads/main ${after}`]
      : [`update refs/heads/main ${before}`, 'delete refs/tags/later-250', 'delete refs/tags/later-500'];
  await mustRun('git', ['-C', path, 'update-ref', '--stdin'], { input: `${lines.join('\n')}\n` });
  if (state === 'before') return;
  for (const at of [250, 500])
    await mustRun('git', ['-C', path, 'update-ref', `refs/tags/later-${at}`, `${after}~${500 - at}`]);
}

async function make(objects: number, path: string): Promise<void> {
  const files = SHAPE.areas * SHAPE.parts * SHAPE.files;
  const commits = Math.max(10, Math.round((objects - files - 505) / OBJECTS_PER_COMMIT));
  await mkdir(path, { recursive: true });
  await mustRun('git', ['init', '--quiet', '--bare', path]);
  const child = spawn('git', ['-C', path, 'fast-import', '--quiet'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const closed = once(child, 'close');
  for (const command of history(commits)) if (!child.stdin.write(command)) await once(child.stdin, 'drain');
  child.stdin.end();
  const [code] = await closed;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  await mustRun('git', ['-C', path, 'symbolic-ref', 'HEAD', 'refs/heads/main']);
  await mustRun('git', ['-C', path, 'repack', '-a', '-d', '-f', '-q', '--window=30', '--depth=50']);
  await mustRun('git', ['-C', path, 'config', 'transfer.hideRefs', 'refs/bench']);
}

/** The commands of `git fast-import`, one commit a time. */
function* history(commits: number): Generator<string> {
  const lines = new Map<string, string[]>();
  const next = numbers(20_261_121);
  const paths = allPaths();
  let out = commitHead('refs/heads/main', 0, 'begin');
  for (const path of paths) {
    const content = Array.from({ length: 20 + (next() % 60) }, () => sentence(next));
    lines.set(path, content);
    out += inline(path, content);
  }
  yield out;
  for (let number = 1; number <= commits + COMMITS_LATER; number++) {
    yield commitOf(number, paths, lines, next);
    if (number % 250 === 0 && number <= commits) yield `reset refs/tags/v${number}\nfrom refs/heads/main\n\n`;
    if (number === commits) yield 'reset refs/bench/before\nfrom refs/heads/main\n\n';
  }
  yield 'reset refs/bench/after\nfrom refs/heads/main\n\n';
}

function commitOf(
  number: number,
  paths: readonly string[],
  lines: Map<string, string[]>,
  next: () => number,
): string {
  let out = commitHead('refs/heads/main', number, `${sentence(next)} (#${number})`);
  for (let change = 0; change < CHANGED; change++) {
    const path = paths[next() % paths.length] ?? '';
    const content = lines.get(path) ?? [];
    for (let edit = 1 + (next() % 3); edit > 0; edit--) content[next() % content.length] = sentence(next);
    if (next() % 3 === 0) content.splice(next() % content.length, 0, sentence(next), sentence(next));
    if (content.length > 160) content.splice(0, 80);
    out += inline(path, content);
  }
  return `${out}\n`;
}

function commitHead(ref: string, number: number, message: string): string {
  const when = 1_600_000_000 + number * 600;
  const who = `committer Author ${number % 40} <author${number % 40}@example.org> ${when} +0000\n`;
  return `commit ${ref}\n${who}data ${Buffer.byteLength(message)}\n${message}\n`;
}

function inline(path: string, content: readonly string[]): string {
  const text = content.join('');
  return `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`;
}

function allPaths(): string[] {
  const range = (count: number): number[] => [...Array(count).keys()];
  return range(SHAPE.areas).flatMap((area) =>
    range(SHAPE.parts).flatMap((part) =>
      range(SHAPE.files).map((file) => `area-${area}/part-${part}/${WORDS[file]}-${file}.yaml`),
    ),
  );
}

const WORDS =
  'server client deployment replicas namespace cluster gateway ingress storage volume secret config policy route service metric alert queue worker schedule backup restore region zone tenant image registry digest signature release channel plant sensor valve pump controller historian tag batch recipe alarm trend limit'.split(
    ' ',
  );

function sentence(next: () => number): string {
  const word = (): string => WORDS[next() % WORDS.length] ?? '';
  return `  ${word()}-${next() % 1000}: ${word()} ${word()}/${(next() * 65_536 + next()).toString(36)} # ${word()} ${word()}\n`;
}

/** A linear congruential generator (Numerical Recipes), its upper bits. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 12;
  };
}
