import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { mustRun, type TestFileServer } from '@gapferry/testkit';
import { tool } from './tools.ts';

/** What `dpkg-deb` builds a package from. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  readonly provides?: string;
}

/** A package repository on a file server, made with Debian's own tools and signed with GnuPG. */
export interface AptUpstream extends AsyncDisposable {
  /** The public key, as `gpg --export` writes it. */
  readonly keyring: Uint8Array;
  /** Replaces what is there. Gives each package's bytes by its path below the repository. */
  publish(packages: readonly DebianPackage[], how?: Published): Promise<ReadonlyMap<string, Buffer>>;
}

export interface Published {
  /** RFC 3339. */
  readonly date?: string;
  /** Release and Release.gpg in the place of InRelease. */
  readonly detached?: boolean;
  /** Of the packed indexes only the one by xz, as Debian has it for security. */
  readonly xzAlone?: boolean;
}

/** The repository lies below `/debian`: suite `stable`, component `main`, architecture amd64. `home`: an empty directory. */
export async function startAptUpstream(home: string, server: TestFileServer): Promise<AptUpstream> {
  const keys = join(home, 'gnupg');
  await mkdir(keys, { mode: 0o700, recursive: true });
  const gpg = (args: readonly string[]): Promise<string> =>
    mustRun(tool('gpg'), ['--homedir', keys, '--batch', '--yes', '--quiet', ...args]);
  await gpg(['--passphrase', '', '--quick-gen-key', 'Plant <plant@example.org>', 'rsa3072', 'sign', 'never']);
  const keyring = join(home, 'plant.gpg');
  await gpg(['--output', keyring, '--export']);
  return {
    keyring: await readFile(keyring),
    async publish(packages, { date = new Date().toISOString(), detached = false, xzAlone = false } = {}) {
      const root = join(home, 'repository');
      await rm(root, { recursive: true, force: true });
      for (const one of packages) await build(home, root, one);
      const index = await mustRun('dpkg-scanpackages', ['--multiversion', 'pool'], { cwd: root });
      const release = join(root, 'Release');
      const all = await packed(home, index);
      const indexes = new Map([...all].filter(([path]) => !xzAlone || !path.endsWith('.gz')));
      await writeFile(release, releaseText(indexes, new Date(date)));
      server.files.clear();
      const put = (path: string, bytes: Buffer): unknown => server.files.set(`/debian/${path}`, bytes);
      for (const [path, bytes] of indexes) {
        if (xzAlone && !path.endsWith('.xz')) continue;
        put(`dists/stable/${path}`, bytes);
        put(`dists/stable/${dirname(path)}/by-hash/SHA256/${sha256(bytes)}`, bytes);
      }
      if (detached) await gpg(['--armor', '--output', `${release}.gpg`, '--detach-sign', release]);
      else await gpg(['--output', join(root, 'InRelease'), '--clearsign', release]);
      for (const name of detached ? ['Release', 'Release.gpg'] : ['InRelease'])
        put(`dists/stable/${name}`, await readFile(join(root, name)));
      const paths = [...index.matchAll(/^Filename: (.*)$/gm)].map(([, path = '']) => path);
      const debs = new Map<string, Buffer>();
      for (const path of paths) debs.set(path, await readFile(join(root, path)));
      for (const [path, bytes] of debs) put(path, bytes);
      return debs;
    },
    async [Symbol.asyncDispose]() {
      await mustRun('gpgconf', ['--homedir', keys, '--kill', 'gpg-agent']);
    },
  };
}

async function build(home: string, root: string, { name, version, depends, provides }: DebianPackage) {
  const tree = join(home, 'tree');
  await rm(tree, { recursive: true, force: true });
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  await mkdir(join(tree, 'usr/share', name), { recursive: true });
  await writeFile(join(tree, 'usr/share', name, 'about'), `${name} ${version}\n`);
  const fields = {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Maintainer: 'Plant <plant@example.org>',
    ...(depends && { Depends: depends }),
    ...(provides && { Provides: provides }),
    Description: 'a package\n of the plant\n .\n in two paragraphs',
  };
  const control = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`);
  await writeFile(join(tree, 'DEBIAN/control'), control.join(''));
  const folder = join(root, 'pool/main', name.slice(0, 1), name);
  await mkdir(folder, { recursive: true });
  const file = `${name}_${version.replace(/^\d+:/, '')}_amd64.deb`;
  await mustRun('dpkg-deb', ['--root-owner-group', '--build', tree, join(folder, file)]);
}

/** As repositories have it: plain, and packed twice. */
async function packed(home: string, index: string): Promise<ReadonlyMap<string, Buffer>> {
  const plain = join(home, 'Packages');
  await writeFile(plain, index);
  await mustRun('xz', ['--force', '--keep', plain]);
  const path = 'main/binary-amd64/Packages';
  return new Map([
    [path, Buffer.from(index)],
    [`${path}.gz`, gzipSync(index)],
    [`${path}.xz`, await readFile(`${plain}.xz`)],
  ]);
}

function releaseText(indexes: ReadonlyMap<string, Buffer>, date: Date): string {
  const until = new Date(date.getTime() + 30 * 86_400_000);
  const time = (at: Date): string => at.toUTCString().replace('GMT', 'UTC');
  return [
    'Origin: Plant',
    'Suite: stable',
    'Codename: plant12',
    `Date: ${time(date)}`,
    `Valid-Until: ${time(until)}`,
    'Acquire-By-Hash: yes',
    'Architectures: amd64',
    'Components: main',
    'SHA256:',
    ...[...indexes].map(([path, bytes]) => ` ${sha256(bytes)} ${bytes.byteLength} ${path}`),
    '',
  ].join('\n');
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
