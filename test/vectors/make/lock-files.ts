import { digest } from './openssl.ts';
import { refusals, type Vector } from './vector.ts';

const refused = refusals('bundle.lock.json');
const KIT = { id: 'tools/kit/', kind: 'file', path: '../kit', wish: digest('a wish') };

const REPOSITORY = {
  files: digest('a list of files'),
  id: 'debian/',
  kind: 'file',
  release: { digest: digest('a release'), size: 9 },
  url: 'https://deb.example.org/debian/dists/bookworm',
  wish: digest('a wish'),
};

/** Locks with files and directories of the machine that made them. */
export function lockFileVectors(): Vector[] {
  const wrong = (name: string, why: string, pin: object): Vector =>
    refused(name, why, lockOf(pin), 'CONFIG_INVALID', ['pins[0]']);
  const directory = { ...KIT, files: digest('a list of files') };
  const file = { ...KIT, id: 'tools/kit', sha256: digest('content of file') };
  return [
    good('good-file-size', 'a file whose bytes were counted to find out what it is', {
      id: 'k3s/v1.31.2/k3s',
      kind: 'file',
      sha256: digest('content of file'),
      size: 15,
      url: 'https://files.example.org/k3s',
      wish: digest('a wish'),
    }),
    good('good-file-release', 'an asset of a release, with the version that a range was found to be', {
      id: 'k3s/1.31.2/k3s',
      kind: 'file',
      sha256: digest('content of file'),
      size: 15,
      url: 'https://git.example.org/k3s-io/k3s/releases/download/v1.31.2/k3s',
      version: '1.31.2',
      wish: digest('a wish'),
    }),
    good('good-file-mirror', 'a file that a mirror alone was asked for', {
      id: 'k3s/v1.31.2/k3s',
      kind: 'file',
      mirror: 'nexus.example.org/repository/Raw',
      sha256: digest('content of file'),
      size: 15,
      url: 'https://files.example.org/k3s',
      wish: digest('a wish'),
    }),
    wrong('file-mirror-url', 'a mirror by its URL', {
      id: 'k3s/v1.31.2/k3s',
      kind: 'file',
      mirror: 'https://nexus.example.org/repository/Raw',
      sha256: digest('content of file'),
      url: 'https://files.example.org/k3s',
      wish: digest('a wish'),
    }),
    good('good-repository', 'a suite of an APT repository, and what was chosen of it', REPOSITORY),
    good('good-repository-detached', 'one whose signature stands beside its Release file', {
      ...REPOSITORY,
      signature: { digest: digest('a signature'), size: 11 },
    }),
    wrong('repository-release-bare', 'a Release file without its size', {
      ...REPOSITORY,
      release: digest('a release'),
    }),
    good('good-bucket-directory', 'everything below a prefix of a bucket', {
      files: digest('a list of files'),
      id: 'models/all/',
      kind: 'file',
      url: 'https://minio.example.org:9000/models/all/',
      wish: digest('a wish'),
    }),
    good('good-local-file', 'a file on this machine', file),
    good('good-directory', 'a directory on this machine, by the digest of the list of its files', directory),
    wrong('directory-files-in-line', 'files in the place of the digest of their list', {
      ...KIT,
      files: [{ path: 'a', digest: digest('a'), size: 1 }],
    }),
    wrong('directory-and-file', 'a file and a directory at once', { ...directory, sha256: digest('x') }),
    wrong('local-file-with-url', 'a file from here and from elsewhere', {
      ...file,
      url: 'https://files.example.org/k3s',
    }),
  ];
}

function good(name: string, why: string, pin: object): Vector {
  return {
    name,
    files: { 'bundle.lock.json': lockOf(pin) },
    expect: { why, accept: true, result: { pins: [pin] } },
  };
}

function lockOf(pin: object): string {
  const lock = { bundle: 'line-a', format: 'gapferry.lock/1', pins: [pin] };
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}
