import { sendingOrder } from '@gapferry/bundle';
import {
  policyOf,
  testGitSignatureVerifier,
  testUpstreamVerifier,
  testVerifier,
} from '@gapferry/bundle/testing';
import { quietRun } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { openOnMedium } from './open-on-medium.ts';
import { first, Inside, listeningRun } from './testing/inside.ts';
import { verifyRelease } from './verify-release.ts';

let inside: Inside;
beforeEach(async () => {
  inside = new Inside();
  await inside.carryFirst();
});

const authenticity = (): Pick<
  Parameters<typeof verifyRelease>[0],
  'policy' | 'verifier' | 'upstreamVerifier' | 'gitSignatureVerifier' | 'clock' | 'mark'
> => ({
  policy: policyOf(inside.trust),
  verifier: testVerifier(),
  upstreamVerifier: testUpstreamVerifier(),
  gitSignatureVerifier: testGitSignatureVerifier(),
  clock: inside.clock,
  mark: 'not judged',
});

describe('the gates on a medium', () => {
  it('the first reads the release and no blob', async () => {
    const spied = recordCalls(inside.medium);
    const opened = await openOnMedium(
      { address: first, medium: spied.object, ...authenticity() },
      quietRun(),
    );
    expect(opened.release.sequence).toBe(1);
    expect(spied.methods()).toEqual(['readRelease']);
  });

  it('the second has every blob hashed once, and says before how much that is', async () => {
    const spied = recordCalls(inside.medium);
    const run = listeningRun();
    const { opened } = await verifyRelease({ address: first, medium: spied.object, ...authenticity() }, run);
    // After them, the manifests of two images and a chart are read.
    expect(spied.methods()).toEqual(['readRelease', 'check', 'open', 'open', 'open']);
    expect(spied.calls[1]?.args[0]).toEqual(sendingOrder(opened));
    const bytes = [...inside.blobs.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(run.events[0]).toEqual({ kind: 'stage', stage: 'verify', items: 5, bytes });
  });

  it('hash nothing when the signature is wrong', async () => {
    inside.trust.channels['line-a'].deny = { keys: ['collector'] };
    const spied = recordCalls(inside.medium);
    await expect(
      verifyRelease({ address: first, medium: spied.object, ...authenticity() }, quietRun()),
    ).rejects.toMatchObject({ code: 'KEY_DENIED' });
    expect(spied.methods()).toEqual(['readRelease']);
  });

  it('tell what the policy warns of', async () => {
    inside.trust.refreshBy = '2026-01-01';
    const run = listeningRun();
    await openOnMedium({ address: first, medium: inside.medium, ...authenticity() }, run);
    expect(run.events).toEqual([{ kind: 'warning', message: expect.stringContaining('2026-01-01') }]);
  });

  it('stop when the run is stopped, and for a medium that is gone', async () => {
    const stopped = quietRun(AbortSignal.abort());
    await expect(
      openOnMedium({ address: first, medium: inside.medium, ...authenticity() }, stopped),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    inside.releases.releases.clear();
    await expect(
      openOnMedium({ address: first, medium: inside.medium, ...authenticity() }, quietRun()),
    ).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  });
});
