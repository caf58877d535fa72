import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  gitmodules,
  type LfsServer,
  lfsPointer,
  linkSubmodule,
  seededBuffer,
  startLfsServer,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';

/** An upstream of four repositories. `team/app` has `team/lib` at a commit that is no branch's end, with a file of Git LFS that the end has not, by a relative URL, and `other/base` by a whole one;
 *  `team/lib` has `other/deep` there, and that an early `team/app`. */
export interface SubmoduleWorld extends AsyncDisposable {
  readonly server: LfsServer;
  /** Where the repositories lie on this machine. */
  readonly root: string;
  /** `host/path`, as a release names it. */
  id(path: string): string;
  /** Text of bundle.yaml with `team/app` alone; `more` stands in its line. */
  bundle(more?: string): string;
}

export const MODEL: Buffer = seededBuffer(100_000, 'model');
const ATTRIBUTES = '*.bin filter=lfs diff=lfs merge=lfs -text\n';
const PATHS = ['team/app', 'team/lib', 'other/base', 'other/deep.git'] as const;

type Repositories = Readonly<Record<(typeof PATHS)[number], TestGitRepository>>;

export async function makeSubmoduleWorld(): Promise<SubmoduleWorld> {
  const home = await temporaryDirectory();
  const made = PATHS.map(async (path) => {
    const files = { 'README.md': `${path}\n` };
    return [path, await createRepository(home.join(path), [{ message: 'Begin', files }])];
  });
  const all = Object.fromEntries(await Promise.all(made)) as Repositories;
  const server = await startLfsServer(home.path);
  server.add(MODEL);
  await fill(all, server.url);
  return {
    server,
    root: home.path,
    id: (path) => `${server.host}/${path}`,
    bundle: (more = '') =>
      `format: gapferry.bundle/1\nname: line-a\ngit: [{url: "${server.url}/team/app"${more}}]\n`,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await home.remove();
    },
  };
}

async function fill(all: Repositories, url: string): Promise<void> {
  const { 'team/app': app, 'team/lib': lib, 'other/base': base, 'other/deep.git': deep } = all;
  const link = async (into: TestGitRepository, path: string, other: TestGitRepository): Promise<void> =>
    linkSubmodule(into, path, await other.git('rev-parse', 'HEAD'));
  await link(deep, 'libs/app', app);
  const ring = gitmodules({ ring: { path: 'libs/app', url: '../../team/app' } });
  await deep.commit({ message: 'Ring', files: { '.gitmodules': ring } });
  await link(lib, 'deep', deep);
  await deep.commit({ message: 'Later', files: { 'later.txt': 'x\n' } });
  await lib.commit({
    message: 'Deep',
    files: {
      '.gitmodules': gitmodules({ deep: { url: '../../other/deep.git' } }),
      'model.bin': lfsPointer(MODEL),
      '.gitattributes': ATTRIBUTES,
    },
  });
  await link(app, 'libs/lib', lib);
  await link(app, 'base', base);
  const entries = { lib: { path: 'libs/lib', url: '../lib' }, base: { url: `${url}/other/base` } };
  await app.commit({ message: 'Submodules', files: { '.gitmodules': gitmodules(entries) } });
  await lib.commit({
    message: 'Plain',
    files: { 'model.bin': null, '.gitattributes': null, 'p.txt': 'p\n' },
  });
}

/** sha256 of every file that is checked out below a directory, by path, but for what git itself keeps there. */
export async function checkedOut(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name !== '.git')
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    .filter((name) => !name.startsWith('.git/'))
    .sort();
  const hashed = names.map(async (name) => [
    name,
    createHash('sha256')
      .update(await readFile(join(directory, name)))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(hashed));
}
