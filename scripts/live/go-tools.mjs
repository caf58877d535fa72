import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { findProgram, isProgram, lastWords } from './find-program.mjs';

/** Programs that Debian does not have, at the versions the tests were written against. `program` is the file's name where it is not the tool's;
 *  `limitMinutes` is what a build may take on two slow cores. */
const TOOLS = [
  {
    name: 'crane',
    module: 'github.com/google/go-containerregistry/cmd/crane',
    version: 'v0.22.1',
    limitMinutes: 4,
  },
  { name: 'helm', module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0', limitMinutes: 6 },
  {
    name: 'cosign',
    module: 'github.com/sigstore/cosign/v3/cmd/cosign',
    version: 'v3.1.3',
    limitMinutes: 10,
  },
  {
    name: 'regctl',
    module: 'github.com/regclient/regclient/cmd/regctl',
    version: 'v0.11.7',
    limitMinutes: 4,
  },
  {
    name: 'distribution-3',
    program: 'registry',
    module: 'github.com/distribution/distribution/v3/cmd/registry',
    version: 'v3.1.2',
    limitMinutes: 8,
  },
];

/** Builds what the cache lacks, where there is Go, and tells for each tool where it is or why it is not there. */
export function bringGoTools() {
  return TOOLS.map((tool) => {
    const { name, version, program = name } = tool;
    const path = join(cacheDirectory(), `${name}-${version}`, program);
    const reason = isProgram(path) ? undefined : build(tool);
    if (reason === undefined) return { name, version, path };
    const other = findProgram(name);
    return other ? { name, path: other } : { name, reason };
  });
}

function cacheDirectory() {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gapferry-live');
}

/** Builds beside the final place and renames, so that a stopped build leaves nothing that looks whole. Returns why it did not work. */
function build({ name, module, version, limitMinutes }) {
  const go = findProgram('go') ?? ['/usr/local/go/bin/go'].find(isProgram);
  if (go === undefined) return 'there is no Go on this machine to build it';
  console.log(`live tests: building ${name} ${version} (once; at most ${limitMinutes} min) …`);
  mkdirSync(cacheDirectory(), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory(), `.building-${name}-`));
  const timeout = limitMinutes * 60_000;
  try {
    const result = spawnSync(go, ['install', '-trimpath', `${module}@${version}`], {
      cwd: work,
      env: buildEnvironment(join(work, 'out')),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
    });
    if (result.status !== 0) return `go install ${module}@${version} failed: ${lastWords(result, timeout)}`;
    rmSync(join(cacheDirectory(), `${name}-${version}`), { recursive: true, force: true });
    renameSync(join(work, 'out'), join(cacheDirectory(), `${name}-${version}`));
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `-modcacherw`: whoever removes the home directory afterwards can. */
function buildEnvironment(bin) {
  const flags = `${env.GOFLAGS ?? ''} -modcacherw`.trim();
  return { ...env, GOBIN: bin, GOFLAGS: flags, CGO_ENABLED: '0' };
}
