import { spawnSync } from 'node:child_process';
import { findProgram, lastWords } from './find-program.mjs';

/** command → Debian package that has it */
const PACKAGES = {
  git: 'git',
  curl: 'curl',
  skopeo: 'skopeo',
  'docker-registry': 'docker-registry',
  htpasswd: 'apache2-utils',
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
};

const LIMIT_MS = 300_000;

/** Installs what is missing when it may, and tells for each tool where it is or why it is not there. */
export function bringDebianTools() {
  const names = Object.keys(PACKAGES);
  const missing = names.filter((name) => findProgram(name) === undefined);
  const reason = missing.length === 0 ? undefined : install(missing.map((name) => PACKAGES[name]));
  return names.map((name) => {
    const path = findProgram(name);
    return path ? { name, path } : { name, reason: reason ?? `${PACKAGES[name]} did not bring it` };
  });
}

/** Returns why it did not work. */
function install(packages) {
  const wanted = [...new Set(packages)];
  if (findProgram('apt-get') === undefined) return `there is no apt-get to install ${wanted.join(', ')}`;
  if (process.getuid?.() !== 0) return `installing ${wanted.join(', ')} needs root`;
  console.log(`live tests: installing ${wanted.join(', ')} …`);
  // An update that fails may still leave lists that are good enough.
  aptGet(['update', '-q']);
  const result = aptGet(['install', '-y', '-q', '--no-install-recommends', ...wanted]);
  return result.status === 0
    ? undefined
    : `apt-get could not install ${wanted.join(', ')}: ${lastWords(result, LIMIT_MS)}`;
}

function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  return spawnSync('apt-get', args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
}
