import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import {
  ARROWS,
  FILE_LINES,
  FUNCTION_LINES,
  OUTSIDE,
  PURE,
  TALKING,
  TEST_FILE_LINES,
  WITH_TESTING,
  WITHOUT_TESTKIT,
} from './arrows.ts';
import type { SourceFile } from './source-file.ts';

/** One broken rule: `packages/oci/src/pull.ts:3 imports @gapferry/helm …`. No violation is an empty list. */
export type Violations = readonly string[];

/** Packages import only along the arrows, by name, and never by a path that leaves the package. */
export function arrowViolations(files: readonly SourceFile[]): Violations {
  return files.flatMap((file) =>
    file.imports.flatMap(({ what, line }) => {
      const problem = file.package === undefined ? undefined : arrowProblem(file, file.package, what);
      return problem === undefined ? [] : [`${file.path}:${line} imports ${what}: ${problem}`];
    }),
  );
}

function arrowProblem(file: SourceFile, from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    const reached = posix.join(posix.dirname(file.path), specifier);
    return reached.startsWith(`packages/${from}/`) ? undefined : 'a relative path may not leave its package';
  }
  const [, to, subpath] = /^@gapferry\/([^/]+)(\/.+)?$/.exec(specifier) ?? [];
  if (to === undefined) return undefined;
  if (subpath !== undefined && !(WITH_TESTING.has(to) && subpath === '/testing'))
    return 'not an exported path';
  if (subpath === '/testing' && !file.isTest) return 'what tests share is for tests';
  if (to === 'testkit' && !file.isTest) return 'the testkit is for tests';
  return mayReach(file, from, to) ? undefined : `${from} → ${to} is not an arrow of the architecture`;
}

function mayReach(file: SourceFile, from: string, to: string): boolean {
  if (to === 'testkit') return file.isTest && !WITHOUT_TESTKIT.has(from);
  const allowed: readonly string[] = Object.hasOwn(ARROWS, from) ? ARROWS[from as keyof typeof ARROWS] : [];
  return allowed.includes(to);
}

/** Pure packages reach nothing outside the process; only those that talk read the environment, print or exit. */
export function outsideViolations(files: readonly SourceFile[]): Violations {
  return files
    .filter((file) => file.package !== undefined && !file.isTest)
    .flatMap((file) => [...outsideImports(file), ...outsideUses(file)]);
}

function outsideImports(file: SourceFile): string[] {
  return file.imports.flatMap(({ what, line }) => {
    if (!isBuiltin(what)) return [];
    const name = what.replace(/^node:/, '').split('/')[0] ?? '';
    const forbidden = PURE.has(file.package ?? '')
      ? OUTSIDE.has(name)
      : name === 'process' && !TALKING.has(file.package ?? '');
    return forbidden ? [`${file.path}:${line} imports ${what}: ${file.package} may not reach it`] : [];
  });
}

function outsideUses(file: SourceFile): string[] {
  return file.uses.flatMap(({ what, line }) => {
    const talks = /^console\.|^process\.(env|exit|exitCode|argv|stdin|stdout|stderr)$/.test(what);
    const reaches = /^(fetch\(\)|globalThis\.(fetch|process)|process\.(getBuiltinModule|binding))$/.test(
      what,
    );
    if (talks && !TALKING.has(file.package ?? '')) {
      return [`${file.path}:${line} uses ${what}: only the cli reads the environment, prints and exits`];
    }
    return reaches && PURE.has(file.package ?? '')
      ? [`${file.path}:${line} uses ${what}: ${file.package} may not reach it`]
      : [];
  });
}

export function sizeViolations(files: readonly SourceFile[]): Violations {
  return files.flatMap((file) => {
    const limit = file.isTest ? TEST_FILE_LINES : FILE_LINES;
    const tooLong = file.lines > limit ? [`${file.path} has ${file.lines} lines, at most ${limit}`] : [];
    const functions = file.functions
      .filter(({ lines, listsTests }) => lines > FUNCTION_LINES && !(file.isTest && listsTests))
      .map((f) => `${file.path}:${f.line} ${f.what} has ${f.lines} lines, at most ${FUNCTION_LINES}`);
    return [...tooLong, ...functions];
  });
}

/** Skipping needs a reason that is printed: `it.skipIf(condition)` beside a message, or `context.skip(reason)`. */
export function dormantTestViolations(files: readonly SourceFile[]): Violations {
  return files.flatMap((file) =>
    file.uses
      .filter(({ what }) =>
        /^(it|test|describe|suite|bench)\.(skip|only|todo)$|^(xit|xdescribe|fit)\(\)$/.test(what),
      )
      .map(({ what, line }) => `${file.path}:${line} uses ${what}`),
  );
}

/** A file is named for the one thing it exports. */
export function nameViolations(files: readonly SourceFile[]): Violations {
  const vague = /(^|-)(utils?|helpers?|common|manager|service|impl|misc)$/;
  return files
    .filter(({ path }) => vague.test(posix.basename(path).replace(/(\.(test|property|contract))*\.\w+$/, '')))
    .map(({ path }) => `${path}: the name does not say what the file exports`);
}

/** Each cycle between files once, as `a.ts → b.ts → a.ts`. Type imports count: they tie files together as well. */
export function cycleViolations(files: readonly SourceFile[]): Violations {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    state.set(path, 'open');
    for (const { what } of byPath.get(path)?.imports ?? []) {
      const next = what.startsWith('.') ? posix.join(posix.dirname(path), what) : undefined;
      if (next !== undefined && byPath.has(next)) walk(next, [...trail, path]);
    }
    state.set(path, 'done');
  };
  for (const path of byPath.keys()) walk(path, []);
  return cycles;
}

/** The header of any PEM private key, encrypted or not. */
export function holdsPrivateKey(text: string): boolean {
  return /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text);
}
