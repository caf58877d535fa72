// Brings the servers and clients the live tests compare with, where that is possible, and says what there is.
// A missing one is never an error here: the test that needs it is reported as skipped, with the reason.
import { spawnSync } from 'node:child_process';

/** command → Debian package that has it */
const WANTED = { 'docker-registry': 'docker-registry', skopeo: 'skopeo', git: 'git' };

const missing = Object.keys(WANTED).filter((command) => !isThere(command));
if (missing.length > 0) tryInstall(missing.map((command) => WANTED[command]));
for (const command of Object.keys(WANTED)) {
  console.log(`live tests: ${command} ${isThere(command) ? 'found' : 'missing, its tests will be skipped'}`);
}

function isThere(command) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0;
}

function tryInstall(packages) {
  if (process.getuid?.() !== 0 || !isThere('apt-get')) {
    console.log(`live tests: not installing ${packages.join(', ')}: that needs root and apt-get`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 300_000 };
  spawnSync('apt-get', ['update', '-q'], options);
  const result = spawnSync(
    'apt-get',
    ['install', '-y', '-q', '--no-install-recommends', ...packages],
    options,
  );
  if (result.status !== 0) {
    console.log(`live tests: apt-get could not install ${packages.join(', ')}: ${lastLine(result.stderr)}`);
  }
}

function lastLine(text) {
  return (text ?? '').trim().split('\n').at(-1) || 'no reason given';
}
