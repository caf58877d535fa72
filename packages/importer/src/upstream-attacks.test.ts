import {
  attachSignature,
  type Loose,
  type SimulatedRelease,
  simulatedRelease,
  testKey,
} from '@gapferry/bundle/testing';
import type { Digest } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { first, Inside, ITEMS } from './testing/inside.ts';

const IMAGE = 'docker.io/library/nginx:1.27';
const OTHER = 'docker.io/library/redis:7';
const CHART = 'ghcr.io/org/charts/app:1.0.0';
const org = testKey('org');
const thief = testKey('thief');
const keyed = (match: string, key = org): Loose => ({ match, cosign: { pem: key.publicPem } });

let inside: Inside;
let release: SimulatedRelease;
beforeEach(() => {
  inside = new Inside();
  inside.trust.upstream = [keyed('docker.io/library/nginx')];
  release = simulatedRelease(ITEMS);
});

/** The collector signs whatever it is given: it may be taken over too. Returns the code of the refusal; the target was not even asked, and nothing is remembered. */
async function outcome(): Promise<string> {
  await inside.carry(release);
  const spied = recordCalls(inside.target);
  const error = await inside.importRelease(first, { targets: new Map([['depot', spied.object]]) }).then(
    () => ({ code: 'imported' }),
    (thrown: { code: string }) => thrown,
  );
  if (error.code === 'imported') return error.code;
  expect(spied.calls).toEqual([]);
  expect(inside.ledger.entries).toEqual([]);
  expect(inside.marks.size).toBe(0);
  return error.code;
}

const itemOf = (id: string): Loose => release.manifest.items.find((item: Loose) => item.id === id);

describe('what the policy wants signed by upstream', () => {
  it('comes in with the signature, and what was checked is told', async () => {
    attachSignature(release, IMAGE, org);
    expect(await outcome()).toBe('imported');
    inside.marks.clear();
    const { upstream } = await inside.verify();
    expect(upstream).toEqual([
      {
        item: `image ${IMAGE}`,
        subject: itemOf(IMAGE).upstream,
        match: 'docker.io/library/nginx',
        check: { by: 'cosign-key', key: expect.stringMatching(/^sha256:/) },
      },
    ]);
  });

  it('does not come in without', async () => {
    expect(await outcome()).toBe('SIGNATURE_MISSING');
  });

  it('does not come in with a signature of something else', async () => {
    attachSignature(release, IMAGE, org, itemOf(OTHER).upstream);
    expect(await outcome()).toBe('SIGNATURE_INVALID');
  });

  it('does not come in with a signature that hangs on another item', async () => {
    attachSignature(release, OTHER, org, itemOf(IMAGE).upstream);
    expect(await outcome()).toBe('SIGNATURE_MISSING');
  });

  it('does not come in with the word of the collector that it was checked', async () => {
    itemOf(IMAGE).checked = [{ by: 'cosign-key', key: `sha256:${'a'.repeat(64)}` as Digest }];
    expect(await outcome()).toBe('SIGNATURE_MISSING');
  });

  it('does not come in signed by a key that travels with the release', async () => {
    attachSignature(release, IMAGE, thief);
    itemOf(IMAGE).checked = [{ by: 'cosign-key', key: `sha256:${'a'.repeat(64)}` as Digest }];
    expect(await outcome()).toBe('KEY_UNKNOWN');
  });

  it('does not come in signed by a key where an identity is demanded', async () => {
    const trustedRoot = 'root.json';
    inside.trust.upstream = [
      {
        match: '**/nginx',
        cosign: { identity: 'https://ci.example', issuer: 'https://i.example', trustedRoot },
      },
    ];
    inside.trustFiles.set(trustedRoot, '{"certificateAuthorities":[{}]}');
    attachSignature(release, IMAGE, org);
    expect(await outcome()).toBe('KEY_UNKNOWN');
  });

  it('must meet every rule that matches, not one of them', async () => {
    attachSignature(release, IMAGE, org);
    inside.trust.upstream = [keyed('docker.io/**/nginx'), keyed('**/nginx:1.27', thief)];
    expect(await outcome()).toBe('KEY_UNKNOWN');
  });

  it('is also a chart, whatever it says of where it came from', async () => {
    inside.trust.upstream = [keyed('ghcr.io/org/charts/*')];
    itemOf(CHART).source = 'https://charts.example/app-1.0.0.tgz';
    expect(await outcome()).toBe('SIGNATURE_MISSING');
  });

  it('is also a chart that is signed', async () => {
    inside.trust.upstream = [keyed('ghcr.io/org/charts/*')];
    attachSignature(release, CHART, org);
    expect(await outcome()).toBe('imported');
  });

  it('is named with the rule', async () => {
    await inside.carry(release);
    await expect(inside.verify()).rejects.toMatchObject({
      message: expect.stringMatching(
        /^image docker\.io\/library\/nginx:1\.27 .*"docker\.io\/library\/nginx"/,
      ),
    });
  });
});

describe('somebody takes a signature off the medium', () => {
  it('as bytes: the release is incomplete, and the item is named', async () => {
    attachSignature(release, IMAGE, org);
    await inside.carry(release);
    for (const { root } of itemOf(IMAGE).attachments) inside.blobs.blobs.delete(root.digest);
    await expect(inside.verify()).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining(`image ${IMAGE}`),
    });
  });

  it('between the check and the reading: damaged is not unsigned', async () => {
    attachSignature(release, IMAGE, org);
    await inside.carry(release);
    const { medium } = inside;
    const roots = itemOf(IMAGE).attachments.map(({ root }: Loose) => root.digest);
    const cut = { ...medium, check: medium.check };
    cut.check = async (blobs, run) => {
      const findings = await medium.check(blobs, run);
      for (const digest of roots) inside.blobs.blobs.set(digest, Buffer.from('{}'));
      return findings;
    };
    Object.defineProperty(inside, 'medium', { value: cut });
    await expect(inside.verify()).rejects.toMatchObject({ code: expect.stringMatching(/_MISMATCH$/) });
  });
});
