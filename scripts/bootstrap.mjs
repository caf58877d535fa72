// Makes a fresh clone ready: installs the locked dependencies and Node 24, and does nothing when they are there.
// Runs on the machine's own Node (18 or newer) before anything is installed, so it imports no package.
// Everything it says goes to stderr: stdout belongs to the command that follows it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 18;
const RUNTIME_NODE = 24;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** `pnpm@VERSION`, the same that turbo and editors read. */
const PNPM = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.gapferry-stamp');
const localNode = join(modules, '.bin', 'node');

const stamp = fingerprint();
if (!isFresh(stamp)) {
  requireMachine();
  // An install that is broken off must not look finished when the files it was for are put back.
  rmSync(stampFile, { force: true });
  install();
  if (!bringsNode()) useMachineNode();
  writeFileSync(stampFile, stamp);
}

/** One digest over everything that decides what an install puts on disk. */
function fingerprint() {
  const packages = readdirSync(join(root, 'packages'))
    .sort()
    .map((name) => join('packages', name, 'package.json'));
  const files = [
    'package.json',
    'pnpm-workspace.yaml',
    'pnpm-lock.yaml',
    join('test', 'package.json'),
    ...packages,
  ];
  const hash = createHash('sha256').update(`${PNPM}\0${process.platform}\0${process.arch}\0${root}\0`);
  for (const file of files) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(`${file}\0`).update(readFileSync(path)).update('\0');
  }
  return `${hash.digest('hex')}\n`;
}

function isFresh(expected) {
  return existsSync(stampFile) && existsSync(localNode) && readFileSync(stampFile, 'utf8') === expected;
}

function requireMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    stop(
      `Node ${process.versions.node} is too old.`,
      `Install Node ${OLDEST_NODE} or newer, then run the command again.`,
    );
  }
  if (spawnSync('git', ['--version']).error) {
    stop('git was not found.', 'Install git 2.39 or newer and make sure it is on the PATH.');
  }
  if (!bringsNode() && major < RUNTIME_NODE) {
    stop(
      `Node ${RUNTIME_NODE} is brought along for Linux with glibc on x64 and arm64, not for ${machine()}.`,
      `Install Node ${RUNTIME_NODE} or newer (this is ${process.versions.node}), then run the command again.`,
    );
  }
}

/** Whether the locked dependencies carry a Node for this machine. */
function bringsNode() {
  return process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) && usesGlibc();
}

function usesGlibc() {
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

function machine() {
  return `${process.platform} ${process.arch}${process.platform === 'linux' && !usesGlibc() ? ' (musl)' : ''}`;
}

function install() {
  process.stderr.write('gapferry: installing the locked dependencies (first run, or they changed) …\n');
  // CI asks the registry about each locked version (pnpm's policies, such as its age), which takes as long as the download. A clone of what CI has judged takes
  // the lockfile as it is: what is installed has to match the digests in it either way.
  const trust = process.env['CI'] ? [] : ['--trust-lockfile'];
  const args = ['exec', '--yes', `--package=${PNPM}`, '--', 'pnpm', 'install', '--frozen-lockfile', ...trust];
  // CI: pnpm must never stop at a question, such as whether an old node_modules may go.
  const env = { ...process.env, CI: 'true' };
  const result = spawnSync('npm', args, {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.error)
    stop(`npm could not be started: ${result.error.message}.`, 'Install npm, it comes with Node.');
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}`);
    stop(
      `Installing the dependencies failed (${result.signal ?? `exit ${result.status}`}), see above.`,
      'Check that the npm registry can be reached. Outdated lockfile: run pnpm install and commit pnpm-lock.yaml.',
    );
  }
}

/** The scripts in package.json start node_modules/.bin/node; here that is the Node the machine has. */
function useMachineNode() {
  process.stderr.write(`gapferry: using this machine's Node ${process.versions.node} (${machine()}).\n`);
  mkdirSync(dirname(localNode), { recursive: true });
  rmSync(localNode, { force: true });
  symlinkSync(process.execPath, localNode);
}

function stop(problem, nextStep) {
  process.stderr.write(`gapferry: ${problem}\n  ${nextStep}\n`);
  process.exit(1);
}
