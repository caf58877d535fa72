import { type Descriptor, digestOf, hexOf, MEDIA_TYPES, quietRun, type RunEvent } from '@gapferry/core';
import {
  contentOfImage,
  isMissing,
  type MemoryBlobStore,
  makeArtifact,
  makeImage,
  makeIndex,
  memoryBlobStore,
  mustRun,
  type TestImage,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Served, serveDepot } from './serve-depot.ts';

const REPOSITORY = 'docker.io/library/nginx';
const events: RunEvent[] = [];
const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
const names = new Map<string, Descriptor>();
let blobs: MemoryBlobStore;
let served: Served;

beforeEach(async () => {
  blobs = memoryBlobStore();
  names.clear();
  events.length = 0;
  const store = { ...blobs, names: async () => [...names].map(([name, root]) => ({ name, root })) };
  served = await serveDepot(
    { store, gitRoot: '/nonexistent', filesRoot: '/nonexistent' },
    { host: '127.0.0.1', port: 0 },
    run,
  );
});
afterEach(() => served.close());

describe('the registry of serveDepot', () => {
  it('serves a manifest by tag and by digest, with its type, digest and size', async () => {
    const { root, manifest } = await hold(await makeImage(), '1.27');
    for (const reference of ['1.27', root.digest]) {
      const answer = await get(`${REPOSITORY}/manifests/${reference}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe(root.mediaType);
      expect(answer.headers.get('docker-content-digest')).toBe(root.digest);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(manifest));
      const head = await get(`${REPOSITORY}/manifests/${reference}`, { method: 'HEAD' });
      expect(head.headers.get('content-length')).toBe(String(root.size));
      expect(await head.text()).toBe('');
    }
  });

  it('serves children of an index and their layers, and nothing that only another repository names', async () => {
    const index = makeIndex([await makeImage(), await makeImage({ platform: 'linux/arm64', seed: 2 })]);
    await hold(index, '1.27');
    const other = await hold(
      await makeImage({ seed: 3, layers: [{ size: 500, seed: 'other' }] }),
      '1',
      'quay.io/line/other',
    );
    for (const child of index.children) {
      expect((await get(`${REPOSITORY}/manifests/${child.root.digest}`)).status).toBe(200);
      for (const { digest } of child.blobs)
        expect((await get(`${REPOSITORY}/blobs/${digest}`)).status).toBe(200);
    }
    expect(await errorOf(`${REPOSITORY}/manifests/${other.root.digest}`)).toEqual([404, 'MANIFEST_UNKNOWN']);
    expect(await errorOf(`${REPOSITORY}/blobs/${other.blobs[0]?.digest}`)).toEqual([404, 'BLOB_UNKNOWN']);
    expect((await get(`quay.io/line/other/blobs/${other.blobs[0]?.digest}`)).status).toBe(200);
  });

  it.each([
    ['none/such/manifests/1', 404, 'NAME_UNKNOWN'],
    [`${REPOSITORY}/manifests/none`, 404, 'MANIFEST_UNKNOWN'],
    [`${REPOSITORY}/blobs/${digestOf('none')}`, 404, 'BLOB_UNKNOWN'],
    [`${REPOSITORY}/blobs/sha256:00`, 400, 'DIGEST_INVALID'],
    [`${REPOSITORY}/blobs/sha512:00`, 400, 'DIGEST_INVALID'],
    ['a%20b/manifests/1', 404, 'NAME_INVALID'],
    [`${REPOSITORY}/uploads/x`, 404, 'UNSUPPORTED'],
    [`${REPOSITORY}/tags/list?n=x`, 400, 'UNSUPPORTED'],
  ])('answers %s with %i %s', async (path, status, code) => {
    await hold(await makeImage(), '1.27');
    expect(await errorOf(path)).toEqual([status, code]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('refuses %s and says what is allowed', async (method) => {
    const answer = await get(`${REPOSITORY}/blobs/uploads/`, {
      method,
      body: method === 'DELETE' ? null : 'x'.repeat(100_000),
    });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('serves parts of a blob around every boundary', async () => {
    const {
      blobs: [, layer],
    } = await hold(await makeImage({ layers: [{ size: 200_000 }] }), '1');
    const { digest, size, content } = layer ?? fail();
    const whole = Buffer.from(await (await get(`${REPOSITORY}/blobs/${digest}`)).arrayBuffer());
    expect([whole.byteLength, digestOf(whole)]).toEqual([content.size, digest]);
    for (const first of [0, 1, 65_535, 65_536, size - 1])
      for (const last of [first, first + 1, size - 2, size - 1, size]) {
        if (last < first) continue;
        const answer = await get(`${REPOSITORY}/blobs/${digest}`, {
          headers: { range: `bytes=${first}-${last}` },
        });
        const end = Math.min(last, size - 1);
        expect([answer.status, answer.headers.get('content-range')]).toEqual([
          206,
          `bytes ${first}-${end}/${size}`,
        ]);
        expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), whole.subarray(first, end + 1))).toBe(
          0,
        );
      }
    const beyond = await get(`${REPOSITORY}/blobs/${digest}`, { headers: { range: `bytes=${size}-` } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
    const stale = { range: 'bytes=0-0', 'if-range': '"sha256:other"' };
    expect((await get(`${REPOSITORY}/blobs/${digest}`, { headers: stale })).status).toBe(200);
    const same = await get(`${REPOSITORY}/blobs/${digest}`, { headers: { 'if-none-match': `"${digest}"` } });
    expect(same.status).toBe(304);
  });

  it('cuts the connection instead of completing a damaged blob, whole or in part', async () => {
    const {
      blobs: [, layer],
    } = await hold(await makeImage({ layers: [{ size: 400_000 }] }), '1');
    const { digest, size } = layer ?? fail();
    damage(digest, size - 10);
    for (const range of ['', 'bytes=0-299999', `bytes=5-${size - 1}`]) {
      const reading = get(`${REPOSITORY}/blobs/${digest}`, range === '' ? {} : { headers: { range } }).then(
        (answer) => answer.arrayBuffer(),
      );
      await expect(reading).rejects.toThrow();
    }
    expect(events.filter((event) => event.kind === 'request' && event.cut)).toHaveLength(3);
    expect(events.find((event) => event.kind === 'warning')?.message).toContain(digest);
  });

  it('answers a damaged manifest and a damaged small blob with an error, and still serves the other images', async () => {
    const bad = await hold(await makeImage(), '1');
    const good = await hold(await makeImage({ seed: 2, layers: [{ size: 700, seed: 9 }] }), '2');
    damage(bad.root.digest, 5);
    expect(await errorOf(`${REPOSITORY}/manifests/1`)).toEqual([500, 'UNKNOWN']);
    expect((await get(`${REPOSITORY}/blobs/${good.blobs[0]?.digest}`)).status).toBe(200);
    damage(good.blobs[0]?.digest ?? fail(), 0);
    expect(await errorOf(`${REPOSITORY}/blobs/${good.blobs[0]?.digest}`)).toEqual([500, 'UNKNOWN']);
  });

  it('lists tags and repositories page by page, following the links', async () => {
    const image = await makeImage();
    for (let i = 0; i < 7; i++) await hold(image, `1.${i}`);
    await hold(image, '1', 'quay.io/a/b');
    const seen: string[] = [];
    for (let next: string | undefined = `/v2/${REPOSITORY}/tags/list?n=3`; next !== undefined; ) {
      const answer: Response = await fetch(`${served.url}${next}`);
      seen.push(...((await answer.json()) as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(['1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6']);
    expect(await (await get(`${REPOSITORY}/tags/list?n=0`)).json()).toEqual({ name: REPOSITORY, tags: [] });
    expect(await (await get('_catalog')).json()).toEqual({ repositories: [REPOSITORY, 'quay.io/a/b'] });
    expect(await (await get('_catalog?n=1&last=docker.io/library/nginx')).json()).toEqual({
      repositories: ['quay.io/a/b'],
    });
  });

  it('lists what refers to a manifest, filtered by type, and an empty index where nothing does', async () => {
    const image = await hold(await makeImage(), '1');
    const sbom = makeArtifact({
      configType: MEDIA_TYPES.ociEmpty,
      artifactType: 'application/spdx+json',
      layers: [{ mediaType: 'application/spdx+json', bytes: '{}' }],
      subject: image.root,
      annotations: { made: 'here' },
    });
    const signature = makeArtifact({
      configType: 'application/vnd.example.sig',
      layers: [],
      subject: image.root,
    });
    for (const artifact of [sbom, signature]) await hold(artifact, undefined);
    const list = async (digest: string, query = ''): Promise<Array<Record<string, unknown>>> => {
      const answer = await get(`${REPOSITORY}/referrers/${digest}${query}`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, MEDIA_TYPES.ociIndex]);
      return ((await answer.json()) as { manifests: Array<Record<string, unknown>> }).manifests;
    };
    expect((await list(image.root.digest)).map((entry) => entry['artifactType']).sort()).toEqual([
      'application/spdx+json',
      'application/vnd.example.sig',
    ]);
    const spdx = await list(image.root.digest, '?artifactType=application/spdx%2Bjson');
    expect(spdx).toEqual([
      { ...sbom.root, artifactType: 'application/spdx+json', annotations: { made: 'here' } },
    ]);
    expect(await list(digestOf('nothing'))).toEqual([]);
  });

  it('sees names that appear while it runs', async () => {
    expect(await errorOf(`${REPOSITORY}/manifests/1`)).toEqual([404, 'NAME_UNKNOWN']);
    await hold(await makeImage(), '1');
    expect((await get(`${REPOSITORY}/manifests/1`)).status).toBe(200);
  });

  it('serves many pulls at once', async () => {
    const { blobs: all } = await hold(
      await makeImage({ layers: [{ size: 300_000 }, { size: 300_000, seed: 2 }] }),
      '1',
    );
    const pulls = Array.from({ length: 40 }, async (_, i) => {
      const { digest } = all[i % all.length] ?? fail();
      const bytes = Buffer.from(await (await get(`${REPOSITORY}/blobs/${digest}`)).arrayBuffer());
      return digestOf(bytes) === digest;
    });
    expect(await Promise.all(pulls)).toEqual(pulls.map(() => true));
  });

  it.skipIf(isMissing('skopeo'))('satisfies skopeo, which copies an index with all its images', async () => {
    await using directory = await temporaryDirectory();
    const index = await hold(
      makeIndex([await makeImage(), await makeImage({ platform: 'linux/arm64', seed: 2 })]),
      '1.27',
    );
    const from = `docker://${served.url.slice('http://'.length)}/${REPOSITORY}:1.27`;
    await mustRun('skopeo', [
      'copy',
      '--all',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--insecure-policy',
      from,
      `oci:${directory.path}:it`,
    ]);
    for (const { digest } of contentOfImage(index)) {
      const [sum] = (await mustRun('sha256sum', [directory.join('blobs/sha256', hexOf(digest))])).split(' ');
      expect(`sha256:${sum}`).toBe(digest);
    }
    const tags = await mustRun('skopeo', ['list-tags', '--tls-verify=false', from.replace(/:1.27$/, '')]);
    expect(JSON.parse(tags)).toMatchObject({ Tags: ['1.27'] });
  });
});

async function hold(
  image: TestImage,
  tag: string | undefined,
  repository: string = REPOSITORY,
): Promise<TestImage> {
  for (const { digest, size, content } of contentOfImage(image))
    await blobs.put({ digest, size }, (from) => content.open(from), run);
  const { mediaType, digest, size } = image.root;
  names.set(tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`, {
    mediaType,
    digest,
    size,
  });
  return image;
}

function damage(digest: Descriptor['digest'], at: number): void {
  blobs.blobs.set(
    digest,
    Uint8Array.from(blobs.blobs.get(digest) ?? fail(), (byte, i) => (i === at ? byte ^ 1 : byte)),
  );
}

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${served.url}/v2/${path}`, init);
}

async function errorOf(path: string): Promise<[number, string | undefined]> {
  const answer = await get(path);
  const { errors } = (await answer.json()) as { errors: Array<{ code: string }> };
  return [answer.status, errors[0]?.code];
}

function fail(): never {
  throw new Error('the test has no such value');
}
