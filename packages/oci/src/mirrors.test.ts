import { hexOf, type ImageWish, MEDIA_TYPES, quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  makeArtifact,
  makeImage,
  makeIndex,
  memoryBlobStore,
  startRegistry,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const amd = await makeImage({ seed: 'amd', layers: [{ size: 200_000 }] });
const image = makeIndex([amd]);
const layer = amd.blobs[1]?.digest ?? '';

interface Pulled {
  readonly from: readonly TestRegistry[];
  readonly upstream: TestRegistry;
  readonly prefix?: string;
  readonly more?: Partial<ImageWish>;
}

async function pull({ from, upstream, prefix = '', more = { attachments: { types: [] } } }: Pulled) {
  const mirrors = new Map([[upstream.host, from.map(({ host }) => `${host}${prefix}`)]]);
  const source = imageSource(createOciClient(http, { mirrors }));
  const events: RunEvent[] = [];
  const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
  const wish: ImageWish = { kind: 'image', ref: `${upstream.host}/team/app:1`, platforms: [], ...more };
  const [pin] = await source.resolve(wish, run);
  if (pin === undefined) throw new Error('no pin');
  const store = memoryBlobStore();
  const holding = await source.fetch(pin, store, run);
  const warnings = events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  return { pin, holding, store, events, warnings };
}

const isBlob: Fault['match'] = ({ path }) => path.includes('/blobs/');

describe('mirrors of a registry', () => {
  it('are asked first, below their prefix, and the identity stays that of upstream', async () => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    mirror.seedImage('cache/hub/team/app', '1', image);
    const { pin, holding, warnings } = await pull({ from: [mirror], upstream, prefix: '/cache/hub' });
    expect(pin).toMatchObject({ id: `${upstream.host}/team/app:1`, root: image.root });
    expect(holding.root).toEqual(image.root);
    expect([upstream.requests, warnings]).toEqual([[], []]);
  });

  it('are left in their order for upstream where they have not got it', async () => {
    await using upstream = await startRegistry();
    await using first = await startRegistry();
    await using second = await startRegistry();
    upstream.seedImage('team/app', '1', image);
    const { holding, warnings } = await pull({ from: [first, second], upstream });
    expect(holding.root).toEqual(image.root);
    expect([first, second].map(({ requests }) => requests.length > 0)).toEqual([true, true]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['refuses', { kind: 'status', status: 403 }],
    ['is broken', { kind: 'status', status: 500 }],
  ] as const)('one that %s is passed over with a warning', async (_, action) => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    for (const registry of [upstream, mirror]) registry.seedImage('team/app', '1', image);
    mirror.addFault({ match: () => true, do: action });
    const { holding, warnings } = await pull({ from: [mirror], upstream });
    expect(holding.root).toEqual(image.root);
    expect(warnings[0]).toMatch(new RegExp(`the mirror ${mirror.host}/team/app is passed over`));
  });

  it('one that announces another digest than the one asked for is passed over with a warning', async () => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    for (const registry of [upstream, mirror]) registry.seedImage('team/app', '1', image);
    mirror.addFault({ match: () => true, do: { kind: 'wrongDigestHeader' } });
    const ref = `${upstream.host}/team/app@${image.root.digest}`;
    const { holding, warnings } = await pull({
      from: [mirror],
      upstream,
      more: { ref, attachments: { types: [] } },
    });
    expect([holding.root, warnings.length]).toEqual([image.root, 1]);
  });

  it('one that nobody answers at is asked once in a run', async () => {
    await using upstream = await startRegistry();
    const mirror = await startRegistry();
    await mirror.close();
    upstream.seedImage('team/app', '1', image);
    const { warnings } = await pull({ from: [mirror], upstream });
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['flips a byte of', { kind: 'corrupt', atByte: 7 }],
    ['sends too little of', { kind: 'short' }],
    ['sends too much of', { kind: 'endless' }],
  ] as const)('one that %s a layer is passed over: upstream has the right bytes', async (_, action) => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    for (const registry of [upstream, mirror]) registry.seedImage('team/app', '1', image);
    mirror.addFault({ match: isBlob, do: action });
    const { store, warnings } = await pull({ from: [mirror], upstream });
    expect(store.blobs.has(amd.root.digest)).toBe(true);
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('upstream goes on where a mirror ended in a layer', async () => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    for (const registry of [upstream, mirror]) registry.seedImage('team/app', '1', image);
    mirror.addFault({
      match: ({ path }) => path.endsWith(layer),
      times: 1,
      do: { kind: 'cut', afterBytes: 50_000 },
    });
    mirror.addFault({ match: ({ path }) => path.endsWith(layer), do: { kind: 'status', status: 503 } });
    const { events } = await pull({ from: [mirror], upstream });
    const told = events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
    expect(events.find(({ kind }) => kind === 'item-started')).toMatchObject({ bytes: told });
    const asked = upstream.requests.filter(({ url }) => url.endsWith(layer));
    expect(asked.map(({ headers }) => headers['range'])).toEqual(['bytes=50000-']);
  });

  it('are not blamed on upstream: a wrong beginning of theirs is asked for again', async () => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    for (const registry of [upstream, mirror]) registry.seedImage('team/app', '1', image);
    const isLayer: Fault['match'] = ({ path }) => path.endsWith(layer);
    mirror.addFault({ match: isLayer, do: { kind: 'status', status: 503 } });
    const source = imageSource(createOciClient(http, { mirrors: new Map([[upstream.host, [mirror.host]]]) }));
    const wish: ImageWish = {
      kind: 'image',
      ref: `${upstream.host}/team/app:1`,
      platforms: [],
      attachments: { types: [] },
    };
    const [pin] = await source.resolve(wish, quietRun());
    if (pin === undefined) throw new Error('no pin');
    const store = memoryBlobStore();
    // What an earlier trip to a bad mirror left.
    const begun = amd.blobs[1];
    if (begun === undefined) throw new Error('no layer');
    await store
      .put(
        begun,
        async function* () {
          yield Buffer.alloc(1000);
          throw new Error('cut');
        },
        quietRun(),
      )
      .catch(() => undefined);
    await source.fetch(pin, store, quietRun());
    expect(store.blobs.has(begun.digest)).toBe(true);
  });
});

describe('what only upstream may say', () => {
  const sbom = makeArtifact({
    configType: MEDIA_TYPES.ociEmpty,
    artifactType: 'application/spdx+json',
    layers: [],
    subject: image.root,
  });
  const signature = makeArtifact({ configType: MEDIA_TYPES.ociConfig, layers: [] });
  const signatureTag = `sha256-${hexOf(image.root.digest)}.sig`;

  it('is what belongs to an image: no mirror is asked, whatever it has', async () => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    for (const registry of [upstream, mirror]) registry.seedImage('team/app', '1', image);
    // What was the signature once; cosign moves the tag with every new one.
    mirror.seedImage('team/app', signatureTag, makeArtifact({ configType: 'application/x-old', layers: [] }));
    upstream.seedImage('team/app', undefined, sbom);
    upstream.seedImage('team/app', signatureTag, signature);
    const { pin, holding } = await pull({ from: [mirror], upstream, more: {} });
    expect(pin.attachments?.map(({ root }) => root.digest).sort()).toEqual(
      [sbom.root.digest, signature.root.digest].sort(),
    );
    expect(holding.attachments).toEqual(pin.attachments);
  });

  it('and when upstream cannot be asked, that is an error', async () => {
    const upstream = await startRegistry();
    await using mirror = await startRegistry();
    mirror.seedImage('team/app', '1', image);
    await upstream.close();
    await expect(pull({ from: [mirror], upstream, more: {} })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect((await pull({ from: [mirror], upstream })).holding.root).toEqual(image.root);
  });

  it('is which tags there are', async () => {
    await using upstream = await startRegistry();
    await using mirror = await startRegistry();
    mirror.seedImage('team/app', '1.0.0', image);
    for (const tag of ['1.0.0', '1.1.0']) upstream.seedImage('team/app', tag, image);
    const mirrors = new Map([[upstream.host, [mirror.host]]]);
    const wish: ImageWish = {
      kind: 'image',
      ref: `${upstream.host}/team/app`,
      platforms: [],
      tags: { newest: 1 },
      attachments: { types: [] },
    };
    const pins = await imageSource(createOciClient(http, { mirrors })).resolve(wish, quietRun());
    expect(pins.map(({ id }) => id)).toEqual([`${upstream.host}/team/app:1.1.0`]);
  });
});
