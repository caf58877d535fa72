import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { findProgram, isProgram, lastWords } from './find-program.mjs';
import { cachedAt } from './go-build.mjs';

/** Python packages, each in a virtual environment of its own, whose `python` is the tool. `python/<name>.txt` pins everything that is installed. */
const TOOLS = [
  { name: 'boto3', version: '1.44.5' },
  // A second implementation of S3, in Python, which shares nothing with MinIO.
  { name: 'moto', version: '5.2.5' },
  // A WebDAV server on a directory, kept and used since 2005; it locks, and checks what it gets.
  { name: 'wsgidav', version: '4.4.0' },
];

const LIMIT_MS = 300_000;

/** Makes the environments that the cache lacks, where there is Python with pip, and tells for each where its Python is or why it is not there. */
export function bringPythonTools() {
  return TOOLS.map((tool) => {
    const { name, version } = tool;
    const path = join(cachedAt(name, version), 'bin/python');
    const reason = isProgram(path) ? undefined : build(tool);
    return reason === undefined ? { name, version, path } : { name, reason };
  });
}

/** Made beside its final place and renamed, so that a stopped installation leaves nothing that looks whole. Its `python` finds its packages wherever it lies; only its scripts would not. */
function build({ name, version }) {
  const python = findProgram('python3');
  if (python === undefined) return 'there is no python3 on this machine';
  console.log(`live tests: installing ${name} ${version} (once; at most ${LIMIT_MS / 60_000} min) …`);
  const place = cachedAt(name, version);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(join(place, '..'), { recursive: true });
  const work = mkdtempSync(join(place, '..', `.installing-${name}-`));
  try {
    const reason =
      run(python, ['-m', 'venv', join(work, 'out')]) ??
      run(join(work, 'out/bin/python'), [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--requirement',
        join(dirname(fileURLToPath(import.meta.url)), `python/${name}.txt`),
      ]);
    if (reason !== undefined) return reason;
    renameSync(join(work, 'out'), place);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Returns why it failed. */
function run(program, args) {
  const result = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  return result.status === 0
    ? undefined
    : `${args.slice(0, 2).join(' ')} failed: ${lastWords(result, LIMIT_MS)}`;
}
