import { gunzipSync, gzipSync } from 'node:zlib';
import {
  type AptDirectoryPin,
  type AptFileWish,
  clearsignedText,
  digestOf,
  type FileVerifier,
  GapferryError,
  hexOf,
  quietRun,
  type RunEvent,
  wishDigest,
} from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, startFileServer, type TestFileServer } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSource } from '../file-source.ts';
import type { FileMirrors } from '../places/file-places.ts';

const http = createHttpClient({ wait: async () => {} });

/** Takes for signed what says so. */
const verifier: FileVerifier = {
  verify: async (_file, signature) => {
    if (Buffer.from(signature).toString() === 'good') return { by: 'openpgp', fingerprint: 'f'.repeat(40) };
    throw new GapferryError({ code: 'SIGNATURE_INVALID', message: 'is not signed' });
  },
  verifyText: async (message) => {
    const text = Buffer.from(message).toString();
    if (!text.includes('good signature'))
      throw new GapferryError({ code: 'SIGNATURE_INVALID', message: 'is not signed' });
    const signed = { by: 'openpgp', fingerprint: 'f'.repeat(40) } as const;
    return { text: text.includes('another') ? 'Suite: another' : clearsignedText(text, 'x'), signed };
  },
};

interface Upstream {
  /** Paragraphs of the index. */
  readonly stanzas?: readonly string[];
  /** What Release says besides; in the place of the usual where it is a field of those. */
  readonly release?: string;
  /** What the Release file is told the index is; changed after it was made. */
  readonly bend?: (index: Buffer) => Buffer;
  readonly signature?: string;
  readonly detached?: string;
}

const deb = (name: string, more = '', path = `pool/${name}.deb`): string =>
  `Package: ${name}\nVersion: 1.0-1\nArchitecture: amd64\nFilename: ${path}\nSize: ${name.length}\nSHA256: ${hexOf(digestOf(name))}\n${more}`;

function publish({
  stanzas = [deb('app', 'Depends: lib, libc6\n'), deb('lib'), deb('other')],
  release = '',
  bend = (index) => index,
  signature = 'good signature',
  detached,
}: Upstream = {}): void {
  const index = stanzas.join('\n');
  const packed = gzipSync(index);
  const folder = 'main/binary-amd64';
  const line = (bytes: string | Uint8Array, path: string): string =>
    ` ${hexOf(digestOf(bytes))} ${Buffer.byteLength(bytes)} ${path}\n`;
  const fields = `Suite: stable\nDate: Tue, 10 Mar 2026 06:00:00 UTC\n${release}SHA256:\n`;
  const text = `${fields}${line(index, `${folder}/Packages`)}${line(packed, `${folder}/Packages.gz`)}${line('x', `${folder}/Packages.xz`)}`;
  server.files.clear();
  server.files.set(`/d/dists/stable/${folder}/Packages.gz`, bend(packed));
  for (const name of ['app', 'lib', 'other']) server.files.set(`/d/pool/${name}.deb`, name);
  if (detached === undefined)
    server.files.set(
      '/d/dists/stable/InRelease',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}-----BEGIN PGP SIGNATURE-----\n\n${signature}\n-----END PGP SIGNATURE-----\n`,
    );
  else {
    server.files.set('/d/dists/stable/Release', text);
    if (detached !== '') server.files.set('/d/dists/stable/Release.gpg', detached);
  }
}

let server: TestFileServer;
beforeEach(async () => {
  server = await startFileServer(new Map());
});
afterEach(() => server.close());

const wished = (more: Partial<AptFileWish['apt']> = {}): AptFileWish => ({
  kind: 'file',
  apt: {
    url: `${server.url}/d`,
    suite: 'stable',
    components: ['main'],
    architectures: ['amd64'],
    packages: ['app'],
    keyring: 'up.gpg',
    ...more,
  },
  as: 'debian',
  content: { kind: 'apt' },
});

function open(wish: AptFileWish, mirrors: FileMirrors = new Map()) {
  const events: RunEvent[] = [];
  const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
  const source = fileSource(http, {
    wishes: [wish],
    verifiers: new Map([['keyring up.gpg', verifier]]),
    mirrors,
  });
  return { source, run, events };
}

async function collect(wish = wished(), store = memoryBlobStore(), mirrors?: FileMirrors) {
  const { source, run, events } = open(wish, mirrors);
  const pins = (await source.resolve(wish, run)) as AptDirectoryPin[];
  const [pin] = pins as [AptDirectoryPin];
  const holding = await source.fetch(pin, store, run);
  const files = 'files' in holding ? holding.files : [];
  return { pin, holding, paths: files.map(({ path }) => path), files, store, events };
}

describe('an APT repository', () => {
  it('comes as what upstream signed, and what was chosen of it', async () => {
    publish();
    const { pin, paths, files, store, holding, events } = await collect();
    expect(paths).toEqual([
      'dists/stable/InRelease',
      'dists/stable/main/binary-amd64/Packages.gz',
      'pool/app.deb',
      'pool/lib.deb',
    ]);
    for (const { path, digest } of files)
      expect(Buffer.from(store.blobs.get(digest) ?? '')).toEqual(
        Buffer.from(server.files.get(`/d/${path}`) as string),
      );
    expect(pin).toMatchObject({
      id: 'debian/',
      url: `${server.url}/d/dists/stable`,
      release: files[0] && { digest: files[0].digest },
    });
    expect(holding.checked).toEqual([
      'checksums',
      { by: 'openpgp', fingerprint: 'f'.repeat(40), of: 'checksums' },
    ]);
    expect(events).toContainEqual({
      kind: 'warning',
      item: 'debian',
      message: expect.stringContaining('from elsewhere: libc6'),
    });
    // What was read to choose is not asked for again.
    expect(server.requests.filter(({ url }) => url.endsWith('Packages.gz'))).toHaveLength(1);
  });

  it('comes as a whole, or without what is depended on', async () => {
    publish();
    const { packages: _, ...all } = wished().apt;
    const whole = await collect({ ...wished(), apt: all });
    expect(whole.paths.filter((path) => path.startsWith('pool'))).toHaveLength(3);
    expect((await collect(wished({ dependencies: false }))).paths).not.toContain('pool/lib.deb');
  });

  it('is found under its sha256 where there is that, and has it there too', async () => {
    publish({ release: 'Acquire-By-Hash: yes\n' });
    const packed = server.files.get('/d/dists/stable/main/binary-amd64/Packages.gz') as Buffer;
    const path = `dists/stable/main/binary-amd64/by-hash/SHA256/${hexOf(digestOf(packed))}`;
    // A mirror in the middle of an update.
    server.files.set(`/d/${path}`, packed);
    server.files.set('/d/dists/stable/main/binary-amd64/Packages.gz', 'newer');
    expect((await collect()).paths).toContain(path);
    publish({ release: 'Acquire-By-Hash: yes\n' });
    expect((await collect()).paths).toContain(path);
  });

  it('has what is for all architectures from where that stands apart', async () => {
    const tool = deb('lib').replace('Architecture: amd64', 'Architecture: all');
    const index = gzipSync(tool);
    const release = 'Architectures: all amd64\n';
    const listed = ` ${hexOf(digestOf(index))} ${index.byteLength} main/binary-all/Packages.gz\n`;
    const shared = 'dists/stable/main/binary-all/Packages.gz';
    const published = async (more: string): Promise<string[]> => {
      publish({ stanzas: [deb('app', 'Depends: lib\n')], release: `${release}${more}` });
      const signed = server.files.get('/d/dists/stable/InRelease') as string;
      server.files.set('/d/dists/stable/InRelease', signed.replace('SHA256:\n', `SHA256:\n${listed}`));
      server.files.set(`/d/${shared}`, index);
      return (await collect()).paths;
    };
    expect(await published('')).toEqual(expect.arrayContaining([shared, 'pool/lib.deb']));
    // As Debian has it: in both.
    expect(await published('No-Support-for-Architecture-all: Packages\n')).not.toContain(shared);
  });

  it('has its indexes in the first form that is there: a Release file names more', async () => {
    publish();
    const folder = '/d/dists/stable/main/binary-amd64';
    server.files.set(`${folder}/Packages`, gunzipSync(server.files.get(`${folder}/Packages.gz`) as Buffer));
    server.files.delete(`${folder}/Packages.gz`);
    const { pin, paths, store } = await collect();
    expect(paths).toContain('dists/stable/main/binary-amd64/Packages');
    publish();
    await open(wished()).source.fetch(pin, store, quietRun());
    server.files.delete(`${folder}/Packages.gz`);
    await expect(collect()).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('may have an index that is too large to be kept in memory', async () => {
    const filler = Array.from({ length: 35 }, (_, i) => deb(`filler${i}`, `X: ${'x'.repeat(1_000_000)}\n`));
    publish({ stanzas: [deb('app'), ...filler], release: 'Acquire-By-Hash: yes\n' });
    const folder = '/d/dists/stable/main/binary-amd64';
    const plain = gunzipSync(server.files.get(`${folder}/Packages.gz`) as Buffer);
    server.files.delete(`${folder}/Packages.gz`);
    server.files.set(`${folder}/Packages`, plain);
    const { files, store } = await collect();
    const index = files.find(({ path }) => path.endsWith('/Packages'));
    expect(index?.size).toBe(plain.byteLength);
    expect(store.blobs.get(digestOf(plain))?.byteLength).toBe(plain.byteLength);
    const bent = Buffer.from(plain);
    bent[bent.byteLength - 3] = 65;
    server.files.set(`${folder}/Packages`, bent);
    await expect(collect()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('that was renewed is still the pinned one for a store that has it, and for no other', async () => {
    publish();
    const { pin, store, paths } = await collect();
    publish({ stanzas: [deb('app', 'Tag: newer\n')] });
    server.files.delete('/d/pool/lib.deb');
    const { source, run } = open(wished());
    expect(await source.fetch(pin, store, run)).toMatchObject({ files: paths.map((path) => ({ path })) });
    await expect(open(wished()).source.fetch(pin, memoryBlobStore(), run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      hint: expect.stringContaining('gapferry resolve'),
    });
  });

  it('may have its signature beside it, or none where nobody need have signed', async () => {
    publish({ detached: 'good' });
    const { paths, pin, store } = await collect();
    expect(paths.slice(0, 2)).toEqual(['dists/stable/Release', 'dists/stable/Release.gpg']);
    server.files.clear();
    await open(wished()).source.fetch(pin, store, quietRun());
    publish({ detached: '' });
    await expect(collect()).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
    const { keyring: _, ...unsigned } = wished().apt;
    expect((await collect({ ...wished(), apt: unsigned })).holding.checked).toEqual(['checksums']);
  });

  it('has another pin for another choice', () => {
    expect(wishDigest(wished())).not.toBe(wishDigest(wished({ packages: ['lib'] })));
  });
});

describe('an APT repository is refused', () => {
  const tooLong = `${deb('app')}X: ${'x'.repeat(1_100_000)}\n`;
  it.each<[string, Upstream, string]>([
    ['when nobody we know signed it', { signature: 'bad' }, 'SIGNATURE_INVALID'],
    ['when its detached signature is not good', { detached: 'bad' }, 'SIGNATURE_INVALID'],
    [
      'when another text is signed than stands there',
      { signature: 'another good signature' },
      'SIGNATURE_INVALID',
    ],
    [
      'when an index has other bytes',
      { bend: (index) => Buffer.concat([index.subarray(0, -1), Buffer.from('x')]) },
      'DIGEST_MISMATCH',
    ],
    [
      'when an index has no end',
      { bend: (index) => Buffer.concat([index, Buffer.alloc(99_999)]) },
      'LIMIT_EXCEEDED',
    ],
    ['when an index is cut off', { bend: (index) => index.subarray(0, 30) }, 'DIGEST_MISMATCH'],
    ['with a package outside of it', { stanzas: [deb('app', '', '../../etc/passwd')] }, 'NAME_UNSAFE'],
    ['with a package at an absolute path', { stanzas: [deb('app', '', '/etc/passwd')] }, 'NAME_UNSAFE'],
    [
      'with a name that not every file system has',
      { stanzas: [deb('app', '', 'pool/nul.deb')] },
      'NAME_UNSAFE',
    ],
    [
      'with two packages in one place',
      { stanzas: [deb('app', 'Depends: lib\n'), deb('lib', '', 'pool/app.deb')] },
      'CONTENT_INVALID',
    ],
    [
      'with a package in the place of the Release file',
      { stanzas: [deb('app', '', 'dists/stable/InRelease')] },
      'CONTENT_INVALID',
    ],
    [
      'with a package that would be read for the date, in the place of what is signed',
      { stanzas: [deb('app', '', 'dists/stable/InRelease')], detached: 'good' },
      'CONTENT_INVALID',
    ],
    [
      'with names that differ in case alone',
      { stanzas: [deb('app', 'Depends: lib\n'), deb('lib', '', 'pool/APP.deb')] },
      'NAME_UNSAFE',
    ],
    [
      'with a package without a checksum',
      { stanzas: [deb('app').replace(/SHA256.*\n/, '')] },
      'CONTENT_INVALID',
    ],
    [
      'with a package of a size that is none',
      { stanzas: [deb('app').replace('Size: 3', 'Size: -3')] },
      'CONTENT_INVALID',
    ],
    [
      'with a package of another size',
      { stanzas: [deb('app').replace('Size: 3', 'Size: 2')] },
      'SIZE_MISMATCH',
    ],
    ['with a line that is too long', { stanzas: [tooLong] }, 'LIMIT_EXCEEDED'],
    ['with an index that is no index', { stanzas: ['hello'] }, 'CONTENT_INVALID'],
    ['without the package that is wanted', { stanzas: [deb('lib')] }, 'SOURCE_NOT_FOUND'],
  ])('%s', async (_, upstream, code) => {
    publish(upstream);
    await expect(collect()).rejects.toMatchObject({ code });
  });

  it('when it calls itself otherwise, or has not what is asked for', async () => {
    publish();
    const text = (server.files.get('/d/dists/stable/InRelease') as string).replace(
      'Suite: stable',
      'Suite: oldstable',
    );
    server.files.set('/d/dists/stable/InRelease', text);
    await expect(collect()).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('is of the suite oldstable, and stable was asked for'),
    });
    publish();
    await expect(collect(wished({ components: ['contrib'] }))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('main amd64'),
    });
    server.files.clear();
    await expect(collect()).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('when only what nobody unpacks is there', async () => {
    publish();
    const text = (server.files.get('/d/dists/stable/InRelease') as string)
      .replace(/^ .*Packages(?:\.gz)?\n/gm, '')
      .replace('Packages.xz', 'Packages.lz4');
    server.files.set('/d/dists/stable/InRelease', text);
    await expect(collect()).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('only gzip and xz can be unpacked'),
    });
  });
});

describe('mirrors of an APT repository', () => {
  let mirror: TestFileServer;
  beforeEach(async () => {
    mirror = await startFileServer(new Map());
    publish();
    for (const [path, bytes] of server.files) mirror.files.set(`/apt${path}`, bytes);
  });
  afterEach(() => mirror.close());

  const warned = ({ events }: { readonly events: readonly RunEvent[] }) =>
    events.flatMap((event) =>
      event.kind === 'warning' && event.message.includes('mirror') ? [event.message] : [],
    );
  const take = (wish = wished()) =>
    collect(wish, memoryBlobStore(), new Map([[server.host, [`${mirror.host}/apt`]]]));

  it('are asked for all of it, and it stays the repository of upstream', async () => {
    const { pin, paths, ...rest } = await take();
    expect(pin.url).toBe(`${server.url}/d/dists/stable`);
    expect([paths.length, server.requests, warned(rest)]).toEqual([4, [], []]);
  });

  it.each<[string, () => unknown]>([
    ['that have another package', () => mirror.files.set('/apt/d/pool/lib.deb', 'liB')],
    ['that lack a package', () => mirror.files.delete('/apt/d/pool/lib.deb')],
    [
      'that have another index',
      () => mirror.files.set('/apt/d/dists/stable/main/binary-amd64/Packages.gz', gzipSync('other')),
    ],
    [
      'that are signed by nobody',
      () =>
        mirror.files.set(
          '/apt/d/dists/stable/InRelease',
          `${mirror.files.get('/apt/d/dists/stable/InRelease')}`.replace('good', 'no'),
        ),
    ],
  ])('%s are left for upstream', async (_, spoil) => {
    spoil();
    const { files, store } = await take();
    expect(files.every(({ digest }) => store.blobs.has(digest))).toBe(true);
    expect(server.requests.length).toBeGreaterThan(0);
  });

  it('are left for upstream when what they have is good no longer, which upstream may still have', async () => {
    publish({ release: 'Valid-Until: Tue, 17 Mar 2026 00:00:00 UTC\n' });
    for (const [path, bytes] of server.files) mirror.files.set(`/apt${path}`, bytes);
    const old = await take();
    expect(warned(old)).toEqual([expect.stringContaining('is good until 2026-03-17T00:00:00Z only')]);
    expect(old.paths).toHaveLength(4);
    publish({ release: 'Valid-Until: Fri, 17 Mar 9000 00:00:00 UTC\n' });
    const { files, store } = await take();
    const [release] = files.map(({ digest }) => Buffer.from(store.blobs.get(digest) ?? '').toString());
    expect(release).toContain('9000');
  });

  it('have one that is all of its host under that path too', async () => {
    for (const [path, bytes] of [...server.files]) server.files.set(path.replace('/d/', '/'), bytes);
    for (const [path, bytes] of server.files) mirror.files.set(`/apt${path}`, bytes);
    const events = warned(await take(wished({ url: server.url })));
    expect([server.requests, events]).toEqual([[], []]);
    expect(mirror.requests[0]).toMatchObject({ url: '/apt/dists/stable/InRelease', status: 200 });
  });

  it('are not asked where nobody signed', async () => {
    const { keyring: _, ...apt } = wished().apt;
    await take({ ...wished(), apt });
    expect(mirror.requests).toEqual([]);
  });
});
