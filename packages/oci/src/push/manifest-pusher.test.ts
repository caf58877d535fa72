import { type Digest, digestOf, MEDIA_TYPES, quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  makeArtifact,
  makeImage,
  makeIndex,
  type RegistryOptions,
  readContent,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createRegistryWriter } from './registry-writer.ts';

const http = createHttpClient({ wait: async () => {} });
const writer = createRegistryWriter(http, { wait: async () => {} });
const item = 'docker.io/library/app:1';
const image = await makeImage();
const other = await makeImage({ seed: 'other' });

/** A registry that has all but the manifests. */
async function registryWithBlobs(
  images: readonly TestImage[],
  options: RegistryOptions = {},
): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  for (const { digest, size, content } of images.flatMap(({ blobs }) => blobs)) {
    const bytes = await readContent(content);
    const reader = {
      has: async () => true,
      open: async function* () {
        yield bytes;
      },
    };
    await writer.pushBlob(`${registry.host}/app`, { digest, size }, reader, { item }, quietRun());
  }
  return registry;
}

function put(registry: TestRegistry, reference: string, what: TestImage, replaces?: Digest): Promise<void> {
  const options = { item, ...(replaces && { replaces }) };
  return writer.pushManifest(
    `${registry.host}/app`,
    reference,
    what.root,
    what.manifest,
    options,
    quietRun(),
  );
}

const sent = (registry: TestRegistry, method: string, part = '/manifests/'): string[] =>
  registry.requests
    .filter((request) => request.method === method && request.url.includes(part))
    .map(({ url }) => url);

describe('pushing a manifest', () => {
  it('puts it by digest and by tag, once', async () => {
    await using registry = await registryWithBlobs([image]);
    for (const reference of [image.root.digest, image.root.digest, '1', '1'])
      await put(registry, reference, image);
    expect(sent(registry, 'PUT')).toEqual([`/v2/app/manifests/${image.root.digest}`, '/v2/app/manifests/1']);
    expect(registry.tagged('app', '1')).toBe(image.root.digest);
  });

  it('puts an index after its children, and says what is missing otherwise', async () => {
    await using registry = await registryWithBlobs([image]);
    const index = makeIndex([image]);
    await expect(put(registry, '1', index)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      origin: 'target',
      message: expect.stringContaining(image.root.digest),
    });
    await put(registry, image.root.digest, image);
    await put(registry, '1', index);
    expect(registry.tagged('app', '1')).toBe(index.root.digest);
  });

  it('replaces a tag only where it points to what may be replaced', async () => {
    await using registry = await registryWithBlobs([image, other]);
    await put(registry, '1', other);
    await expect(put(registry, '1', image)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      data: { there: other.root.digest },
    });
    await expect(put(registry, '1', image, digestOf('x'))).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(registry.tagged('app', '1')).toBe(other.root.digest);
    await put(registry, '1', image, other.root.digest);
    expect(registry.tagged('app', '1')).toBe(image.root.digest);
  });

  it('notices that somebody else set the tag right after', async () => {
    await using registry = await registryWithBlobs([image, other]);
    registry.seedImage('app', undefined, other);
    let looks = 0;
    registry.addFault({
      match: ({ method, url }) => {
        if (method === 'HEAD' && url.endsWith('/manifests/1') && ++looks === 2)
          registry.seedImage('app', '1', other);
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    await expect(put(registry, '1', image)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('leaves an immutable tag alone that is right, and says that it is immutable when it is not', async () => {
    await using registry = await registryWithBlobs([image, other], { quirks: { immutableTags: true } });
    await put(registry, '1', image);
    await put(registry, '1', image);
    await expect(put(registry, '1', other, image.root.digest)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('configured as immutable'),
    });
  });

  it('loses nothing when the answer is lost, also with immutable tags', async () => {
    await using registry = await registryWithBlobs([image], { quirks: { immutableTags: true } });
    registry.addFault({ match: ({ method }) => method === 'PUT', times: 1, do: { kind: 'lostAnswer' } });
    await put(registry, '1', image);
    expect(sent(registry, 'PUT')).toHaveLength(1);
  });

  it('tries again after 502 and gives up after some tries', async () => {
    await using registry = await registryWithBlobs([image]);
    const bad: Fault = {
      match: ({ method }) => method === 'PUT',
      times: 2,
      do: { kind: 'status', status: 502 },
    };
    registry.addFault(bad);
    await put(registry, '1', image);
    registry.addFault({ match: bad.match, do: bad.do });
    await expect(put(registry, '2', image)).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      origin: 'target',
      data: { tries: 4 },
    });
  });

  it('notices a registry that says another digest', async () => {
    await using registry = await registryWithBlobs([image]);
    registry.addFault({ match: ({ method }) => method === 'PUT', do: { kind: 'wrongDigestHeader' } });
    await expect(put(registry, '1', image)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'target',
    });
  });
});

describe('a manifest with a subject', () => {
  const signature = (seed: string, annotations?: Record<string, string>): TestImage =>
    makeArtifact({
      configType: 'application/x-config',
      layers: [{ mediaType: 'text/plain', bytes: seed }],
      subject: image.root,
      ...(annotations && { annotations }),
    });
  const first = signature('first', { 'org.example.by': 'first' });
  const second = signature('second');
  const tag = image.root.digest.replace(':', '-');

  it('needs nothing more where the registry says OCI-Subject', async () => {
    await using registry = await registryWithBlobs([image, first]);
    await put(registry, image.root.digest, image);
    await put(registry, first.root.digest, first);
    await put(registry, first.root.digest, first);
    expect(registry.tagged('app', tag)).toBeUndefined();
    expect(await writer.referrers(`${registry.host}/app`, image.root.digest, quietRun())).toEqual([
      first.root,
    ]);
  });

  it('is listed under the fallback tag otherwise, with its type and annotations, once', async () => {
    await using registry = await registryWithBlobs([image, first], { referrers: false });
    await put(registry, image.root.digest, image);
    await put(registry, first.root.digest, first);
    await put(registry, first.root.digest, first);
    const answer = await fetch(`${registry.url}/v2/app/manifests/${tag}`, {
      headers: { accept: MEDIA_TYPES.ociIndex },
    });
    expect(await answer.json()).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [
        { ...first.root, artifactType: 'application/x-config', annotations: { 'org.example.by': 'first' } },
      ],
    });
    expect(sent(registry, 'PUT')).toHaveLength(3);
    expect(await writer.referrers(`${registry.host}/app`, image.root.digest, quietRun())).toEqual([
      first.root,
    ]);
  });

  it('joins what others listed, whose members stay as they are', async () => {
    await using registry = await registryWithBlobs([image, first], { referrers: false });
    await put(registry, image.root.digest, image);
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [{ ...image.root, artifactType: 'theirs', data: 'e30=' }],
        annotations: { by: 'them' },
      }),
    );
    await writer.pushManifest(
      `${registry.host}/app`,
      tag,
      { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(index), size: index.byteLength },
      index,
      { item },
      quietRun(),
    );
    await put(registry, first.root.digest, first);
    const answer = await fetch(`${registry.url}/v2/app/manifests/${tag}`, {
      headers: { accept: MEDIA_TYPES.ociIndex },
    });
    expect(await answer.json()).toMatchObject({
      manifests: [{ artifactType: 'theirs', data: 'e30=' }, { digest: first.root.digest }],
      annotations: { by: 'them' },
    });
  });

  it('is listed beside others that are pushed at the same time', async () => {
    await using registry = await registryWithBlobs([image, first, second], { referrers: false });
    await put(registry, image.root.digest, image);
    await Promise.all([first, second].map((one) => put(registry, one.root.digest, one)));
    const listed = await writer.referrers(`${registry.host}/app`, image.root.digest, quietRun());
    expect(listed.map(({ digest }) => digest).sort()).toEqual([first.root.digest, second.root.digest].sort());
  });

  it('is listed again when another writer was in between', async () => {
    await using registry = await registryWithBlobs([image, first], { referrers: false });
    await put(registry, image.root.digest, image);
    let reads = 0;
    registry.addFault({
      match: ({ method, url }) => {
        // The other writer read the list before ours was in it, and wrote after.
        if (method === 'GET' && url.endsWith(tag) && ++reads === 2) registry.deleteTag('app', tag);
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    const events: RunEvent[] = [];
    const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
    await writer.pushManifest(
      `${registry.host}/app`,
      first.root.digest,
      first.root,
      first.manifest,
      { item },
      run,
    );
    expect(sent(registry, 'PUT', tag)).toHaveLength(2);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'retry' }));
    expect(await writer.referrers(`${registry.host}/app`, image.root.digest, quietRun())).toEqual([
      first.root,
    ]);
  });

  it('is not listed under a tag that is something else', async () => {
    await using registry = await registryWithBlobs([image, first], { referrers: false });
    await put(registry, tag, image);
    await expect(put(registry, first.root.digest, first)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining(tag),
    });
    expect(registry.tagged('app', tag)).toBe(image.root.digest);
  });

  it('is refused before its subject by registries that want it so', async () => {
    await using registry = await registryWithBlobs([image, first], { quirks: { subjectFirst: true } });
    await expect(put(registry, first.root.digest, first)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining(image.root.digest),
    });
  });
});

describe('looking at a target', () => {
  it('says that a manifest is not there only for a real 404', async () => {
    await using registry = await startRegistry();
    const look = (): Promise<unknown> => writer.manifest(`${registry.host}/app`, '1', quietRun());
    expect(await look()).toBeUndefined();
    registry.seedImage('app', '1', image);
    expect(await look()).toEqual(image.root);
    for (const [status, code] of [
      [401, 'UNAUTHORIZED'],
      [403, 'FORBIDDEN'],
      [410, 'SOURCE_NOT_FOUND'],
      [503, 'SERVER_ERROR'],
    ] as const) {
      registry.clearFaults();
      registry.addFault({ match: () => true, do: { kind: 'status', status } });
      await expect(look()).rejects.toMatchObject({ code, origin: 'target' });
    }
  });

  it('asks by GET where HEAD is not known', async () => {
    await using registry = await startRegistry({
      faults: [{ match: ({ method }) => method === 'HEAD', do: { kind: 'status', status: 405 } }],
    });
    registry.seedImage('app', '1', image);
    expect(await writer.manifest(`${registry.host}/app`, '1', quietRun())).toEqual(image.root);
    expect(await writer.manifest(`${registry.host}/app`, '2', quietRun())).toBeUndefined();
  });

  it('names a project that does not exist, in the words of the registry', async () => {
    await using registry = await startRegistry({ quirks: { projects: ['library'] } });
    await expect(writer.manifest(`${registry.host}/nope/app`, '1', quietRun())).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('project nope not found'),
      hint: expect.stringContaining('"nope"'),
    });
  });

  it('sees blobs of the right size only, and no 401 as absence', async () => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', image);
    const [config] = image.blobs;
    if (config === undefined) throw new Error('no config');
    const has = (size: number): Promise<boolean> =>
      writer.hasBlob(`${registry.host}/app`, { digest: config.digest, size }, quietRun());
    expect([await has(config.size), await has(config.size + 1)]).toEqual([true, false]);
    registry.addFault({ match: () => true, do: { kind: 'status', status: 401 } });
    await expect(has(config.size)).rejects.toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
  });

  it('reads a manifest back, verified', async () => {
    await using registry = await startRegistry();
    const read = (): Promise<Uint8Array> =>
      writer.readManifest(`${registry.host}/app`, image.root, quietRun());
    await expect(read()).rejects.toMatchObject({ code: 'BLOB_MISSING', origin: 'target' });
    registry.seedImage('app', '1', image);
    expect(Buffer.compare(await read(), image.manifest)).toBe(0);
    registry.addFault({ match: () => true, times: 1, do: { kind: 'corrupt', atByte: 3 } });
    await expect(read()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'target' });
    registry.addFault({ match: () => true, times: 1, do: { kind: 'short' } });
    await expect(read()).rejects.toMatchObject({ code: 'SIZE_MISMATCH', origin: 'target' });
  });

  it.each([401, 403, 503])('never takes %d of the referrers endpoint for an empty list', async (status) => {
    await using registry = await startRegistry({
      faults: [{ match: ({ url }) => url.includes('/referrers/'), do: { kind: 'status', status } }],
    });
    registry.seedImage('app', '1', image);
    await expect(
      writer.referrers(`${registry.host}/app`, image.root.digest, quietRun()),
    ).rejects.toMatchObject({ origin: 'target' });
  });

  it('finds no referrers where there are none, with the API and without', async () => {
    for (const referrers of [true, false]) {
      await using registry = await startRegistry({ referrers });
      registry.seedImage('app', '1', image);
      expect(await writer.referrers(`${registry.host}/app`, image.root.digest, quietRun())).toEqual([]);
    }
  });
});
