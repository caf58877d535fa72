import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileFromDisk, type LayerFile, readContent, toContent } from '@gapferry/testkit';

/** What the demo's image holds, one list per layer, from what changes least to what changes most. */
export interface ProgramFiles {
  /** The C and C++ libraries that Node is linked with, so that the image runs on nothing else. */
  readonly libraries: readonly LayerFile[];
  readonly runtime: readonly LayerFile[];
  /** Packages of others that are not bundled with it. */
  readonly dependencies: readonly LayerFile[];
  /** The command line, bundled. */
  readonly application: readonly LayerFile[];
}

/** Where the checkout lies in the image. */
export const HOME = 'opt/gapferry';

/** What the bundled command line imports besides itself. */
const NOT_BUNDLED: Readonly<Record<string, string>> = { 'better-sqlite3': '', openpgp: '' };

/** Collects the running Node and the bundled command line of the checkout at `root` with what it imports, links as pnpm laid them. */
export async function programFiles(root: string): Promise<ProgramFiles> {
  const base = await realpath(root);
  const found = new Map<string, readonly LayerFile[]>();
  await addPackage(join(base, 'packages', 'cli'), base, found);
  const files = [...found.values()].flat();
  const inOwn = ({ path }: LayerFile): boolean => path.startsWith(`${HOME}/packages/`);
  if (!files.some(({ path }) => path === `${HOME}/packages/cli/program/main.js`))
    throw new Error('the command line is not built; run "npm run build:program"');
  return {
    libraries: await libraryFiles(),
    runtime: [await fileFromDisk(await realpath(process.execPath), 'usr/local/bin/node')],
    dependencies: files.filter((file) => !inOwn(file)),
    application: await Promise.all(files.filter(inOwn).map(inMemory)),
  };
}

/** A build that runs meanwhile must not change what was published. */
async function inMemory(file: LayerFile): Promise<LayerFile> {
  return { ...file, content: await readContent(toContent(file.content)) };
}

/** Adds a package and, by its links, everything it depends on. A package that is there already is not looked at again. */
async function addPackage(
  directory: string,
  base: string,
  found: Map<string, readonly LayerFile[]>,
): Promise<void> {
  if (found.has(directory)) return;
  found.set(directory, []);
  const { dependencies = {}, optionalDependencies = {} } = isOwn(directory, base)
    ? { dependencies: NOT_BUNDLED }
    : (JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Record<
        string,
        Record<string, string>
      >);
  const links: LayerFile[] = [];
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const link = await findDependency(name, directory, base);
    // An optional dependency of another platform.
    if (link === undefined) continue;
    const target = await realpath(link);
    if (target !== link)
      links.push({ path: inImage(link, base), content: '', linkTo: relative(dirname(link), target) });
    await addPackage(target, base, found);
  }
  found.set(directory, [...(await packageFiles(directory, base)), ...links]);
}

/** The rule of Node: the nearest `node_modules` upwards that has it. */
async function findDependency(name: string, from: string, base: string): Promise<string | undefined> {
  for (let at = from; at.startsWith(base); at = dirname(at)) {
    if (basename(at) === 'node_modules') continue;
    const candidate = join(at, 'node_modules', name);
    const isThere = await stat(candidate).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return undefined;
}

/** What a package needs at run time: no nested packages, no sources of ours, no tests, no types, no maps. */
async function packageFiles(directory: string, base: string): Promise<LayerFile[]> {
  const own = isOwn(directory, base);
  const wanted = own ? isOwnRuntimeFile : isRuntimeFile;
  const paths = await filePaths(directory, '', own);
  return Promise.all(
    paths
      .filter(wanted)
      .sort()
      .map((path) => fileFromDisk(join(directory, path), inImage(join(directory, path), base))),
  );
}

async function filePaths(directory: string, below: string, own: boolean): Promise<string[]> {
  const entries = await readdir(join(directory, below), { withFileTypes: true });
  const nested = await Promise.all(
    entries.map((entry) => {
      const path = join(below, entry.name);
      if (entry.isDirectory())
        return entry.name === 'node_modules' || (own && (entry.name === 'src' || entry.name === 'dist'))
          ? []
          : filePaths(directory, path, own);
      return entry.isFile() ? [path] : [];
    }),
  );
  return nested.flat();
}

function isOwn(directory: string, base: string): boolean {
  return dirname(directory) === join(base, 'packages');
}

function isRuntimeFile(path: string): boolean {
  return !/\.(?:map|d\.[cm]?ts|[cm]?ts|md|markdown|tsbuildinfo)$/.test(path);
}

function isOwnRuntimeFile(path: string): boolean {
  if (path === 'package.json' || path === 'bin/run.js') return true;
  return path === 'oclif.manifest.json' || path.startsWith('program/');
}

function inImage(path: string, base: string): string {
  return join(HOME, relative(base, path));
}

/** The shared objects of this process, dynamic linker included, under the paths where it looks for them. */
async function libraryFiles(): Promise<LayerFile[]> {
  if (process.report === undefined) return [];
  const { sharedObjects = [] } = process.report.getReport() as { sharedObjects?: readonly string[] };
  const paths = sharedObjects.filter((path) => /^\/[^\n]*\.so(?:\.\d+)*$/.test(path)).sort();
  return Promise.all([...new Set(paths)].map((path) => fileFromDisk(path, path.slice(1))));
}
