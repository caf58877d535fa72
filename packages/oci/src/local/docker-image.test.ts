import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { digestOf, hexOf, quietRun, readVerified } from '@gapferry/core';
import {
  isMissing,
  makeImage,
  mustRun,
  ociLayout,
  readContent,
  type TarEntry,
  type TemporaryDirectory,
  type TestImage,
  tarBytes,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalImages, localImages } from './local-images.ts';

const image = await makeImage({
  format: 'docker',
  gzip: 'none',
  layers: [
    { size: 70_000, seed: 1 },
    { size: 900, seed: 2 },
    { size: 70_000, seed: 1 },
  ],
});
const other = await makeImage({ format: 'docker', gzip: 'none', seed: 'other' });

let home: TemporaryDirectory;
let images: LocalImages;
beforeEach(async () => {
  home = await temporaryDirectory();
  images = localImages({ baseDirectory: home.path, workDirectory: home.join('work') });
});
afterEach(async () => {
  await images.close();
  await home.remove();
});

interface Form {
  readonly pack?: (layer: Uint8Array) => Uint8Array;
  /** What takes the place of a layer that is there already. */
  readonly twin?: (first: string) => Partial<TarEntry>;
}

/** As docker wrote it before version 25: a folder for each layer, repeated layers as links. */
async function archiveOf(
  from: TestImage,
  tag: string,
  { pack = (layer) => layer, twin }: Form = {},
): Promise<TarEntry[]> {
  const [config, ...layers] = await Promise.all(
    from.blobs.map(async ({ digest, content }) => ({ digest, bytes: await readContent(content) })),
  );
  const names = layers.map((_, at) => `${hexOf(digestOf(`${tag}${at}`))}/layer.tar`);
  const files = layers.map(({ digest, bytes }, at): TarEntry => {
    const first = layers.findIndex((layer) => layer.digest === digest);
    return {
      name: names[at] ?? '',
      ...(first < at && twin ? { body: '', ...twin(names[first] ?? '') } : { body: pack(bytes) }),
    };
  });
  const configName = `${hexOf(config?.digest ?? digestOf(''))}.json`;
  const listed = [{ Config: configName, RepoTags: [`registry.example/${tag}`], Layers: names }];
  return [
    ...files,
    { name: configName, body: config?.bytes ?? '' },
    { name: 'manifest.json', body: JSON.stringify(listed) },
  ];
}

const write = (entries: readonly TarEntry[]): Promise<void> =>
  writeFile(home.join('a.tar'), tarBytes(entries));
const replaced = (entries: readonly TarEntry[], name: RegExp, body: Uint8Array | string): TarEntry[] =>
  entries.map((entry) => (name.test(entry.name) ? { ...entry, body } : entry));

describe('an archive that docker save wrote', () => {
  it.each<readonly [string, Form]>([
    ['with its layers as files', {}],
    [
      'with links to the layers that it has already',
      { twin: (first) => ({ type: '2', link: `../${first}` }) },
    ],
    ['with hard links to them', { twin: (first) => ({ type: '1', link: first }) }],
    ['with packed layers, as crane writes them', { pack: gzipSync }],
  ])('%s has the same digest', async (_, form) => {
    await write(await archiveOf(image, 'app:1.0', form));
    const at = images.at({ path: 'a.tar' });
    // The testkit makes Docker's manifests with the members of each descriptor in another order; what counts is what they say.
    const root = await at.resolve(quietRun());
    const manifest = JSON.parse(Buffer.from(await at.manifest(root, quietRun())).toString());
    expect(manifest).toEqual(JSON.parse(Buffer.from(image.manifest).toString()));
    for (const blob of image.blobs) await readVerified(blob, at.blob(blob, quietRun())(0));
  });

  it.skipIf(isMissing('skopeo')).each<readonly [string, Form]>([
    ['plain', {}],
    ['linked', { twin: (first) => ({ type: '2', link: `../${first}` }) }],
    ['packed', { pack: gzipSync }],
  ])('gets the manifest that skopeo gives it: %s', async (_, form) => {
    await write(await archiveOf(image, 'app:1.0', form));
    const env = { PATH: process.env['PATH'], HOME: home.path, TMPDIR: home.path };
    await mustRun(
      'skopeo',
      [
        '--insecure-policy',
        'copy',
        '--quiet',
        `docker-archive:${home.join('a.tar')}`,
        `dir:${home.join('dir')}`,
      ],
      { env },
    );
    const sum = (await mustRun('sha256sum', [home.join('dir/manifest.json')])).slice(0, 64);
    expect((await images.at({ path: 'a.tar' }).resolve(quietRun())).digest).toBe(`sha256:${sum}`);
  });

  it('goes on in the middle of a packed layer', async () => {
    await write(await archiveOf(image, 'app:1.0', { pack: gzipSync }));
    const [, layer] = image.blobs;
    if (layer === undefined) throw new Error('no layer');
    const rest: Uint8Array[] = [];
    for await (const chunk of images.at({ path: 'a.tar' }).blob(layer, quietRun())(50_000))
      rest.push(Uint8Array.from(chunk));
    expect(Buffer.concat(rest).equals((await readContent(layer.content)).subarray(50_000))).toBe(true);
  });

  it('with several images gives the one that is selected, even when another is damaged', async () => {
    const [one, two] = [await archiveOf(image, 'app:1.0'), await archiveOf(other, 'app:2.0')];
    const listed = [...one, ...two]
      .filter(({ name }) => name === 'manifest.json')
      .flatMap(({ body }) => JSON.parse(String(body)));
    const files = [...one, ...two].filter(({ name }) => name !== 'manifest.json');
    await write([
      ...replaced(files, new RegExp(`^${hexOf(image.blobs[0]?.digest ?? digestOf(''))}`), '{}'),
      { name: 'manifest.json', body: JSON.stringify(listed) },
    ]);
    const root = await images.at({ path: 'a.tar', select: 'registry.example/app:2.0' }).resolve(quietRun());
    expect(root.size).toBe(other.root.size);
    await readVerified(
      other.blobs[1] ?? root,
      images.at({ path: 'a.tar' }).blob(other.blobs[1] ?? root, quietRun())(0),
    );
    await expect(images.at({ path: 'a.tar' }).resolve(quietRun())).rejects.toMatchObject({
      category: 'integrity',
    });
    await expect(images.at({ path: 'a.tar', select: '3' }).resolve(quietRun())).rejects.toMatchObject({
      message: expect.stringContaining('it has registry.example/app:1.0, registry.example/app:2.0'),
    });
  });

  it('and a layout inside is taken by its layout', async () => {
    const modern = await makeImage({ seed: 'modern' });
    const files = await ociLayout([
      {
        image: modern,
        name: '1.0',
        annotations: { 'io.containerd.image.name': 'docker.io/library/app:1.0' },
      },
    ]);
    await write([
      ...[...files].map(([name, body]) => ({ name, body })),
      ...(await archiveOf(image, 'app:1.0')),
    ]);
    expect(await images.at({ path: 'a.tar', select: 'app:1.0' }).resolve(quietRun())).toEqual(modern.root);
  });
});

describe('a hostile archive in the form of docker save', () => {
  const diffIds = (count: number): string =>
    JSON.stringify({ rootfs: { diff_ids: Array.from({ length: count }, () => digestOf('x')) } });
  const named = (body: string): TarEntry[] => [
    { name: 'c.json', body },
    { name: 'l.tar', body: 'x' },
    {
      name: 'manifest.json',
      body: JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: ['l.tar'] }]),
    },
  ];
  it.each([
    [
      'a config that is not what it is called',
      async () => replaced(await archiveOf(image, 'a'), /^[0-9a-f]{64}\.json$/, '{}'),
      'DIGEST_MISMATCH',
    ],
    [
      'no config',
      async () => (await archiveOf(image, 'a')).filter(({ name }) => !/^[0-9a-f]{64}\.json$/.test(name)),
      'CONTENT_INVALID',
    ],
    [
      'no layer',
      async () => (await archiveOf(image, 'a')).filter(({ name }) => !name.endsWith('layer.tar')),
      'CONTENT_INVALID',
    ],
    ['more diff_ids than layers', async () => named(diffIds(2)), 'CONTENT_INVALID'],
    ['a config without diff_ids', async () => named('{"rootfs":{}}'), 'CONTENT_INVALID'],
    [
      'a diff_id of another algorithm',
      async () => named('{"rootfs":{"diff_ids":["md5:00"]}}'),
      'CONTENT_INVALID',
    ],
    ['a config of 5 MiB', async () => named(diffIds(1).padEnd(5 << 20)), 'LIMIT_EXCEEDED'],
    [
      'a layer outside',
      async () =>
        replaced(await archiveOf(image, 'a'), /^manifest/, '[{"Config":"../../etc/passwd","Layers":[]}]'),
      'CONTENT_INVALID',
    ],
    [
      'a manifest.json that is none',
      async () => replaced(await archiveOf(image, 'a'), /^manifest/, '{}'),
      'CONTENT_INVALID',
    ],
    [
      'a packed layer that is cut',
      async () => archiveOf(image, 'a', { pack: (layer) => gzipSync(layer).subarray(0, -10) }),
      'CONTENT_INVALID',
    ],
  ] as const)('with %s is refused', async (_, make, code) => {
    await write(await make());
    await expect(images.at({ path: 'a.tar' }).resolve(quietRun())).rejects.toMatchObject({
      code,
      origin: 'source',
    });
  });

  it('puts nothing of its own on the terminal', async () => {
    const name = '\u001b]0;owned\u0007';
    const listed = JSON.stringify([{ Config: name, Layers: [] }]);
    await write([{ name: 'manifest.json', body: listed }]);
    await expect(images.at({ path: 'a.tar' }).resolve(quietRun())).rejects.toMatchObject({
      message: expect.stringContaining('manifest.json names \\u{1b}]0;owned\\u{7}, which is not in it'),
    });
  });

  it('with a packed layer that is a bomb is refused', async () => {
    const limits = { unpacked: 2 ** 40, ratio: 100, ratioFrom: 1 << 20 };
    const small = localImages({ baseDirectory: home.path, workDirectory: home.join('work'), limits });
    await write(await archiveOf(image, 'a', { pack: () => gzipSync(Buffer.alloc(16 << 20)) }));
    await expect(small.at({ path: 'a.tar' }).resolve(quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await small.close();
  });

  it('with another layer than its config says is noticed by whoever writes it', async () => {
    await write(replaced(await archiveOf(image, 'a'), /layer\.tar$/, 'x'.repeat(71_168)));
    const at = images.at({ path: 'a.tar' });
    await at.resolve(quietRun());
    const [, layer] = image.blobs;
    if (layer === undefined) throw new Error('no layer');
    const sized = { digest: layer.digest, size: 71_168 };
    await expect(readVerified(sized, at.blob(sized, quietRun())(0))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});
