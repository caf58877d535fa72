import { mkdir, writeFile } from 'node:fs/promises';
import { digestOf, hexOf, MEDIA_TYPES } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { readContent } from '../content/content.ts';
import { contentOfImage, makeImage, makeIndex } from '../content/image.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { startRegistry } from './registry.ts';

const accept = { accept: `${MEDIA_TYPES.ociManifest}, ${MEDIA_TYPES.ociIndex}` };

describe('pulling', () => {
  it('serves a manifest by tag and by digest to a client that accepts its type', async () => {
    await using registry = await startRegistry();
    const image = await makeImage();
    registry.seedImage('team/app', '1.0', image);
    for (const reference of ['1.0', image.root.digest]) {
      const answer = await fetch(`${registry.url}/v2/team/app/manifests/${reference}`, { headers: accept });
      expect(answer.headers.get('docker-content-digest')).toBe(image.root.digest);
      expect(answer.headers.get('content-type')).toBe(image.root.mediaType);
      expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(image.root.digest);
    }
  });

  it.each(['*/*', 'application/json', MEDIA_TYPES.ociIndex])(
    'hides an image manifest from a client that accepts only %s',
    async (only) => {
      await using registry = await startRegistry();
      registry.seedImage('app', '1', await makeImage());
      const answer = await fetch(`${registry.url}/v2/app/manifests/1`, { headers: { accept: only } });
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'MANIFEST_UNKNOWN']);
    },
  );

  it('answers HEAD with the head of GET and no body', async () => {
    await using registry = await startRegistry();
    const image = await makeImage();
    registry.seedImage('app', '1', image);
    const manifest = await fetch(`${registry.url}/v2/app/manifests/1`, { method: 'HEAD', headers: accept });
    expect(manifest.headers.get('content-length')).toBe(String(image.root.size));
    const layer = image.blobs[1];
    const blob = await fetch(`${registry.url}/v2/app/blobs/${layer?.digest}`, { method: 'HEAD' });
    expect(blob.headers.get('content-length')).toBe(String(layer?.size));
    expect(registry.requests.map(({ status, bytesSent }) => [status, bytesSent])).toEqual([
      [200, 0],
      [200, 0],
    ]);
  });

  it('serves a range of a generated layer without starting at its beginning', async () => {
    await using registry = await startRegistry();
    const image = await makeImage({ layers: [{ size: 3_000_000 }] });
    registry.seedImage('app', '1', image);
    const layer = image.blobs[1];
    const url = `${registry.url}/v2/app/blobs/${layer?.digest}`;
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(digestOf(whole)).toBe(layer?.digest);
    const part = await fetch(url, { headers: { range: 'bytes=1234567-' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 1234567-${whole.length - 1}/${whole.length}`);
    expect(whole.subarray(1_234_567).equals(Buffer.from(await part.arrayBuffer()))).toBe(true);
    const beyond = await fetch(url, { headers: { range: `bytes=${whole.length}-` } });
    expect(beyond.status).toBe(416);
  });

  it.each([
    ['/v2/nowhere/manifests/1', 'NAME_UNKNOWN', 404],
    ['/v2/nowhere/tags/list', 'NAME_UNKNOWN', 404],
    ['/v2/app/manifests/none', 'MANIFEST_UNKNOWN', 404],
    [`/v2/app/blobs/${digestOf('none')}`, 'BLOB_UNKNOWN', 404],
    ['/v2/app/blobs/sha256:short', 'DIGEST_INVALID', 400],
    ['/v2/Upper/manifests/1', 'NAME_INVALID', 400],
    ['/v2/a--b/../c/manifests/1', 'NAME_UNKNOWN', 404],
    ['/v2/a__-b/manifests/1', 'NAME_INVALID', 400],
  ])('answers %s with %s', async (path, code, status) => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', await makeImage());
    const answer = await fetch(registry.url + path, { headers: accept });
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
  });

  it('lists tags in pages that link to the next', async () => {
    await using registry = await startRegistry({ tagsPerPage: 3 });
    const image = await makeImage();
    for (const tag of ['d', 'a', 'c', 'e', 'b', 'f', 'g']) registry.seedImage('app', tag, image);
    const pages: string[][] = [];
    let next: string | undefined = '/v2/app/tags/list?n=100';
    while (next !== undefined) {
      const answer: Response = await fetch(registry.url + next);
      pages.push(((await answer.json()) as { tags: string[] }).tags);
      next = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
  });

  it('serves an image whose bytes lie in a directory', async () => {
    await using home = await temporaryDirectory();
    const image = makeIndex([await makeImage({ layers: [{ size: 2_000_000 }] })]);
    await mkdir(home.join('blobs'));
    for (const { digest, content } of contentOfImage(image))
      await writeFile(home.join('blobs', hexOf(digest)), await readContent(content));
    await using registry = await startRegistry({ blobsFrom: home.join('blobs') });
    await registry.seedFromDirectory('big/app', '1', image.root);
    for (const { digest } of image.children[0]?.blobs ?? []) {
      const answer = await fetch(`${registry.url}/v2/big/app/blobs/${digest}`);
      expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(digest);
    }
    expect(registry.tagged('big/app', '1')).toBe(image.root.digest);
  });

  it('answers 404 for referrers when it is told to be an old registry', async () => {
    await using registry = await startRegistry({ referrers: false });
    const { root } = await makeImage();
    registry.seedImage('app', '1', await makeImage());
    expect((await fetch(`${registry.url}/v2/app/referrers/${root.digest}`)).status).toBe(404);
  });
});

async function codeOf(answer: Response): Promise<string | undefined> {
  return ((await answer.json()) as { errors: Array<{ code: string }> }).errors[0]?.code;
}
