import { spawnSync } from 'node:child_process';
import { findProgram, lastWords } from './find-program.mjs';

/** command → Debian packages that bring it */
const PACKAGES = {
  git: 'git',
  curl: 'curl',
  openssl: 'openssl',
  zstd: 'zstd',
  skopeo: 'skopeo',
  'docker-registry': 'docker-registry',
  htpasswd: 'apache2-utils',
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  cc: 'gcc libc6-dev',
  containerd: 'containerd',
  ctr: 'containerd',
  sigtool: 'clamav',
  gpg: 'gnupg',
  xz: 'xz-utils',
  'dpkg-scanpackages': 'dpkg-dev',
  // With its WebDAV module, which has neither OPTIONS nor PROPFIND.
  nginx: 'nginx',
};
/** Of no use to anybody else. */
const ROOT_ONLY = ['containerd', 'ctr'];

const LIMIT_MS = 300_000;

/** Installs what is missing when it may, and tells for each tool where it is or why it is not there. */
export function bringDebianTools() {
  const names = Object.keys(PACKAGES);
  const missing = names.filter((name) => findProgram(name) === undefined);
  const reasons = missing.length === 0 ? new Map() : install(missing.map((name) => PACKAGES[name]));
  return names.map((name) => {
    if (ROOT_ONLY.includes(name) && !isRoot()) return { name, reason: 'only root can run it' };
    const path = findProgram(name);
    const reason = reasons.get(PACKAGES[name]) ?? `${PACKAGES[name]} did not bring it`;
    return path ? { name, path } : { name, reason };
  });
}

/** Returns why it did not work, by package. */
function install(packages) {
  const wanted = [...new Set(packages)];
  const without = (reason) => new Map(wanted.map((name) => [name, reason]));
  if (findProgram('apt-get') === undefined) return without('there is no apt-get to install it');
  if (!isRoot()) return without('installing it needs root');
  console.log(`live tests: installing ${wanted.join(', ')} …`);
  // An update that fails may still leave lists that are good enough.
  aptGet(['update', '-q']);
  if (aptInstall(wanted).status === 0) return new Map();
  // One that is not to be had must not keep the others out.
  return new Map(
    wanted.flatMap((name) => {
      const result = aptInstall([name]);
      return result.status === 0
        ? []
        : [[name, `apt-get could not install it: ${lastWords(result, LIMIT_MS)}`]];
    }),
  );
}

function isRoot() {
  return process.getuid?.() === 0;
}

function aptInstall(packages) {
  const names = packages.flatMap((words) => words.split(' '));
  return aptGet(['install', '-y', '-q', '--no-install-recommends', ...names]);
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
