import { type BundleConfig, parseManifest } from '@gapferry/bundle';
import { signatureImage, type TestKey, testKey, testUpstreamVerifier } from '@gapferry/bundle/testing';
import {
  type Attachment,
  type Digest,
  type ImageHolding,
  MEDIA_TYPES,
  quietRun,
  type UpstreamVerification,
  uniqueByDigest,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import { fixedClock, memoryDepot, memoryLedger, memorySigner, memoryUpstream } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { checkUpstream, type UpstreamDemands } from './check-upstream.ts';
import { collect } from './collect.ts';
import type { CollectRequest } from './request.ts';

const APP = 'ghcr.io/org/app:1';
const org = testKey('org');
const other = testKey('other');
const keys: Readonly<Record<string, TestKey>> = { 'org.pub': org, 'other.pub': other };

const upstream: UpstreamDemands = {
  verifier: testUpstreamVerifier(),
  demandOf: (verification) => {
    const name = 'key' in verification ? verification.key : '';
    return { by: 'cosign-key', name, pem: keys[name]?.publicPem ?? '' };
  },
};

interface Story {
  readonly verify?: readonly UpstreamVerification[];
  readonly attachments?: { readonly types: readonly string[] };
  /** Who signed, and what instead of the image. */
  readonly signed?: readonly { readonly by: TestKey; readonly about?: Digest }[];
}

function setUp({ verify, attachments, signed = [] }: Story) {
  const served = memoryUpstream();
  const root = served.serveImage(APP, 'app layer');
  served.serveImage('ghcr.io/org/free:1', 'free layer');
  served.serveChart('ghcr.io/org/chart', '1.0.0', 'archive');
  const depot = memoryDepot();
  const ledger = memoryLedger(fixedClock('2026-05-01T08:00:00Z'));
  const wish: Wish = {
    kind: 'image',
    ref: APP,
    platforms: [],
    ...(attachments && { attachments }),
    ...(verify && { verify }),
  };
  const config: BundleConfig = {
    name: 'line-a',
    channel: 'line-a',
    platforms: [],
    wishes: [wish, { kind: 'image', ref: 'ghcr.io/org/free:1', platforms: [] }],
    insecure: [],
    hosts: new Map(),
  };
  const blobs = new Map<Digest, Uint8Array>();
  const attached = signed.map(({ by, about }, i): Attachment & { blobs: ImageHolding['blobs'] } => {
    const made = signatureImage(blobs, about ?? root.digest, by);
    const tag = i === 0 ? { tag: `${root.digest.replace(':', '-')}.sig` } : {};
    return {
      subject: root.digest,
      root: { mediaType: MEDIA_TYPES.ociManifest, ...made.root },
      ...tag,
      blobs: made.blobs,
    };
  });
  const image: typeof served.sources.image = {
    resolve: (one, run) => served.sources.image.resolve(one, run),
    async fetch(pin, into, run) {
      const holding = await served.sources.image.fetch(pin, into, run);
      if (pin.id !== APP || attached.length === 0) return holding;
      for (const bytes of blobs.values()) await into.add(MEDIA_TYPES.octets, bytes, run);
      return {
        ...holding,
        blobs: uniqueByDigest([...holding.blobs, ...attached.flatMap((one) => one.blobs)]),
        attachments: attached.map(({ blobs: _, ...attachment }) => attachment),
      };
    },
  };
  const request: CollectRequest = {
    config,
    locked: false,
    sources: { ...served.sources, image },
    depot,
    ledger,
    clock: fixedClock('2026-05-01T08:00:00Z'),
    signer: memorySigner(),
    numbering: { kind: 'first' },
    upstream,
  };
  return { request, depot, ledger, root };
}

async function refused(
  story: Story,
): Promise<{ code: string; message: string; hint?: string; data: unknown }> {
  const { request, ledger } = setUp(story);
  const error = await collect(request, quietRun()).then(
    () => ({ code: 'sealed', message: '', data: {} }),
    (thrown: { code: string; message: string; hint?: string; data: unknown }) => thrown,
  );
  expect(ledger.entries).toEqual([]);
  return error;
}

describe('a wish that demands upstream signatures', () => {
  it('is sealed with what was checked, and the others without', async () => {
    const { request, depot } = setUp({ verify: [{ key: 'org.pub' }], signed: [{ by: org }] });
    const { address } = await collect(request, quietRun());
    const { items } = parseManifest((await depot.readRelease(address)).manifest);
    const key = expect.stringMatching(/^sha256:/);
    expect(items.map((item) => ('checked' in item ? item.checked : undefined))).toEqual([
      [{ by: 'cosign-key', key }],
      undefined,
    ]);
  });

  it('demands all it names', async () => {
    const verify = [{ key: 'org.pub' }, { key: 'other.pub' }];
    expect((await refused({ verify, signed: [{ by: org }] })).code).toBe('KEY_UNKNOWN');
    const { request } = setUp({ verify, signed: [{ by: org }, { by: other }] });
    const { manifest } = await collect(request, quietRun());
    expect(manifest.items[0]).toMatchObject({ checked: [{ by: 'cosign-key' }, { by: 'cosign-key' }] });
  });

  it('is refused without a signature, with item and demand named, and nothing is sealed', async () => {
    const error = await refused({ verify: [{ key: 'org.pub' }] });
    expect(error).toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringMatching(/^cannot accept image ghcr\.io\/org\/app:1: /),
      hint: expect.stringContaining('gapferry resolve'),
      data: expect.objectContaining({ item: 'image ghcr.io/org/app:1' }),
    });
  });

  it('says so where its own choice of attachments left the signature out', async () => {
    const error = await refused({ verify: [{ key: 'org.pub' }], attachments: { types: [] } });
    expect(error).toMatchObject({
      code: 'SIGNATURE_MISSING',
      hint: expect.stringContaining('"attachments"'),
    });
  });

  it('is refused with the signature of something else, and with that of somebody else', async () => {
    const verify = [{ key: 'org.pub' }];
    const about = `sha256:${'a'.repeat(64)}` as Digest;
    expect((await refused({ verify, signed: [{ by: org, about }] })).code).toBe('SIGNATURE_INVALID');
    expect((await refused({ verify, signed: [{ by: other }] })).code).toBe('KEY_UNKNOWN');
  });

  it('is about what upstream served, also where the image was cut down to some platforms', async () => {
    const depot = memoryDepot();
    const blobs = new Map<Digest, Uint8Array>();
    const index = await depot.add(MEDIA_TYPES.ociIndex, Buffer.from('{"manifests":[]}'), quietRun());
    const filtered = await depot.add(MEDIA_TYPES.ociIndex, Buffer.from('{"manifests":[1]}'), quietRun());
    const wish: Wish = { kind: 'image', ref: APP, platforms: ['linux/amd64'], verify: [{ key: 'org.pub' }] };
    const attached = (about: Digest): Attachment => ({
      subject: about,
      root: { mediaType: MEDIA_TYPES.ociManifest, ...signatureImage(blobs, about, org).root },
    });
    const pin = {
      kind: 'image',
      id: APP,
      wish: wishDigest(wish),
      root: index,
      platforms: wish.platforms,
    } as const;
    const attachments = [attached(index.digest), attached(filtered.digest)];
    for (const bytes of blobs.values()) await depot.add(MEDIA_TYPES.octets, bytes, quietRun());
    const holding: ImageHolding = {
      ...pin,
      pin,
      root: filtered,
      blobs: [],
      upstreamIndex: index,
      attachments,
    };
    const check = (one: ImageHolding): Promise<unknown> =>
      checkUpstream(one, wish, { upstream, sources: memoryUpstream().sources, store: depot }, quietRun());
    expect(await check(holding)).toMatchObject({ checked: [{ by: 'cosign-key' }] });
    const provenance = { by: 'helm-provenance', fingerprint: 'ab'.repeat(20) } as const;
    expect(await check({ ...holding, checked: [provenance] })).toMatchObject({
      checked: [provenance, { by: 'cosign-key' }],
    });
    await expect(check({ ...holding, attachments: attachments.slice(1) })).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
    });
  });

  it('may be for a chart', async () => {
    const { request, ledger } = setUp({});
    const wish: Wish = {
      kind: 'chart',
      from: 'oci',
      ref: 'ghcr.io/org/chart',
      version: '1.0.0',
      verify: [{ key: 'org.pub' }],
    };
    const config = { ...request.config, wishes: [wish] };
    await expect(collect({ ...request, config }, quietRun())).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringContaining('cannot accept chart ghcr.io/org/chart:1.0.0'),
    });
    expect(ledger.entries).toEqual([]);
  });

  it('is never taken unchecked: nobody who could check is an error', async () => {
    const { request } = setUp({ verify: [{ key: 'org.pub' }], signed: [{ by: org }] });
    const { upstream: _, ...unchecked } = request;
    await expect(collect(unchecked, quietRun())).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('is never taken unchecked where it is a repository', async () => {
    const { request } = setUp({});
    const { sources, serveGit } = memoryUpstream();
    serveGit('https://git.example.org/app', { 'refs/heads/main': 'a'.repeat(40) });
    const url = 'https://git.example.org/app';
    const wish: Wish = { kind: 'git', url, refs: [], verify: [{ allowedSigners: 'signers' }] };
    const asked = { ...request, sources, config: { ...request.config, wishes: [wish] } };
    await expect(collect(asked, quietRun())).rejects.toMatchObject({ code: 'INTERNAL' });
    const { upstream: _, ...unchecked } = asked;
    await expect(collect(unchecked, quietRun())).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
