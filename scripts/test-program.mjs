import { createHash } from 'node:crypto';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram, describeCommands } from './program.mjs';

const cli = fileURLToPath(new URL('../packages/cli', import.meta.url));
/** Below `node_modules` of the command line, so that what is not bundled is found from there. */
const builds = join(cli, 'node_modules/.cache/gapferry-test');
/** What is not bundled, and goes beside it. */
const BESIDE = ['package.json', 'bin/run.js'];
const DAY_MS = 86_400_000;

/** Vitest's global set-up: bundles the command line from the sources as they are now, and says where it lies. Every content has a directory of its own, so that runs at the same time never disturb each other. */
export async function setup() {
  const program = await bundleProgram();
  const name = createHash('sha256').update(program.digest);
  for (const file of BESIDE) name.update(await readFile(join(cli, file)));
  const root = join(builds, name.digest('hex').slice(0, 16));
  if (!(await isThere(root))) await build(root, program);
  await utimes(root, new Date(), new Date());
  await removeOld();
  process.env['GAPFERRY_TEST_PROGRAM'] = join(root, 'bin/run.js');
}

async function build(root, program) {
  await mkdir(builds, { recursive: true });
  const unready = await mkdtemp(join(builds, 'unready-'));
  await mkdir(join(unready, 'bin'));
  for (const file of BESIDE) await copyFile(join(cli, file), join(unready, file));
  await program.write(join(unready, 'program'));
  await writeFile(join(unready, 'oclif.manifest.json'), await describeCommands(unready));
  try {
    await rename(unready, root);
  } catch (error) {
    // Somebody else was faster, with the same content.
    await rm(unready, { recursive: true });
    if (!(await isThere(root))) throw error;
  }
}

async function removeOld() {
  for (const name of await readdir(builds)) {
    const { mtimeMs } = await stat(join(builds, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > DAY_MS) await rm(join(builds, name), { recursive: true, force: true });
  }
}

function isThere(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}
