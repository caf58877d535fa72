import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const packages = fileURLToPath(new URL('../packages', import.meta.url));
const cli = join(packages, 'cli');

/** better-sqlite3 is a binary. openpgp is under the LGPL: whoever has the program can put another version in its place. */
const OUTSIDE = ['better-sqlite3', 'openpgp'];

/** Threads start from a file that lies beside the chunk which starts them. */
const WORKERS = ['http/src/pour-worker.ts', 'depot/src/hash-worker.ts', 'helm/src/render/render-worker.ts'];
const STARTS_WORKERS = /\/(?:pour-pool|hash-pool|render-thread)\.ts$/;
/** What threads read lies beside them. */
const ASSETS = ['helm/engine/engine.wasm.zst', 'helm/engine/engine.NOTICE.txt'];

/** To import one of these as a module asks each of its members, and some of `http` load a browser's fetch: 30 ms of every command that reaches a server. Members that have to be asked are reached through the default export. */
const leanBuiltins = {
  name: 'lean-builtins',
  resolveId(source, _importer, { kind }) {
    const name = /^(?:node:)?(https?)$/.exec(source)?.[1];
    return name !== undefined && kind === 'import-statement' ? `\0lean:${name}` : undefined;
  },
  load(id) {
    if (!id.startsWith('\0lean:')) return undefined;
    const name = `node:${id.slice('\0lean:'.length)}`;
    const members = Object.getOwnPropertyDescriptors(process.getBuiltinModule(name));
    const plain = Object.keys(members).filter((member) => 'value' in members[member]);
    return `const builtin = process.getBuiltinModule('${name}');
export default builtin;
export const { ${plain.join(', ')} } = builtin;`;
  },
};

/** The command line and what it imports, from the sources: main.js, commands/** and chunks/**, with what threads read. What stays outside is what `OUTSIDE` names.
 *  `digest` names the content, so that a bundle that is there already need not be written. */
export async function bundleProgram() {
  const build = await rolldown({
    input: Object.fromEntries(inputs()),
    platform: 'node',
    external: OUTSIDE,
    plugins: [leanBuiltins],
    resolve: { conditionNames: ['gapferry-source', 'node', 'import', 'module', 'default'] },
  });
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    comments: { legal: true, annotation: false, jsdoc: false },
    codeSplitting: { groups: [{ name: 'threads', test: STARTS_WORKERS }] },
  });
  await build.close();
  const files = output.map(({ fileName, code, source }) => ({ fileName, content: code ?? source }));
  for (const path of ASSETS)
    files.push({ fileName: `chunks/${basename(path)}`, content: await readFile(join(packages, path)) });
  return { digest: digestOf(files), write: (directory) => write(files, directory) };
}

function* inputs() {
  yield ['main', join(cli, 'src/main.ts')];
  for (const path of globSync('commands/**/*.ts', { cwd: join(cli, 'src') }))
    if (!path.endsWith('.test.ts')) yield [path.replace(/\.ts$/, ''), join(cli, 'src', path)];
  for (const path of WORKERS) yield [`chunks/${path.replace(/^.*\/|\.ts$/g, '')}`, join(packages, path)];
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const { fileName, content } of files) hash.update(`${fileName}\0`).update(content).update('\0');
  return hash.digest('hex');
}

async function write(files, directory) {
  for (const { fileName, content } of files) {
    const path = join(directory, fileName);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** The text of oclif.manifest.json for the bundled command line in `root`: with it, only the command that is run is loaded. */
export async function describeCommands(root) {
  const { Plugin } = createRequire(join(cli, 'package.json'))('@oclif/core');
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  return `${JSON.stringify(plugin.manifest)}\n`;
}
