import type { BlobFindings } from '@gapferry/core';
import { expect, it } from 'vitest';
import { complete, type VerifiedRelease } from './complete.ts';
import { importLoads } from './import-loads.ts';
import type { TrustedManifest } from './open-release.ts';
import { type ImportPlan, planImport, requirePlanned } from './plan-import.ts';

/** Compiled by tsc and run by vitest: each wrong line must not compile, and refuses at run time whoever silences the compiler. */
const findings: BlobFindings = { good: new Set(), bad: [] };
const manifest = {
  format: 'gapferry.manifest/1',
  bundle: 'b',
  version: '1',
  platforms: [],
  blobs: [],
  items: [],
} as const;
const refusal = expect.objectContaining({ code: 'INTERNAL' });

it('does not let a plain manifest pass for a trusted one', () => {
  // @ts-expect-error a manifest that no gate opened
  expect(() => complete(manifest, findings)).toThrow(refusal);
  // @ts-expect-error not even with every member that a trusted one has
  const forged: TrustedManifest = {
    address: { channel: 'c', sequence: 1 },
    files: {
      manifest: new Uint8Array(),
      statement: new Uint8Array(),
      signatures: new Map(),
      approvals: new Map(),
    },
    release: {
      bundle: 'b',
      version: '1',
      channel: 'c',
      sequence: 1,
      previous: null,
      issuedAt: '2026-01-01T00:00:00Z',
    },
    statement: `sha256:${'0'.repeat(64)}` as TrustedManifest['statement'],
    manifest,
    manifestDigest: `sha256:${'0'.repeat(64)}` as TrustedManifest['statement'],
    packs: undefined,
    blobs: [],
    signers: [],
    upstream: [],
    policy: { version: 1, digest: `sha256:${'0'.repeat(64)}` as TrustedManifest['statement'] },
    verdict: 'newer',
    warnings: [],
  };
  expect(() => complete(forged, findings)).toThrow(refusal);
});

it('does not let an opened release be planned before its blobs were read', () => {
  const opened = {} as TrustedManifest;
  // @ts-expect-error opened is not verified
  expect(() => planImport(opened, [], () => undefined)).toThrow(refusal);
  // @ts-expect-error opened is not verified
  expect(() => importLoads(opened, [], new Map())).toThrow(refusal);
  // @ts-expect-error wrapping it does not verify it
  const wrapped: VerifiedRelease = { opened };
  expect(() => planImport(wrapped, [], () => undefined)).toThrow(refusal);
});

it('does not let a plan be written by hand', () => {
  const totals = { items: 0, toLoad: 0, same: 0, moved: 0, bytes: 0 };
  // @ts-expect-error only planImport makes plans
  const plan: ImportPlan = {
    release: {} as VerifiedRelease,
    address: { channel: 'c', sequence: 1 },
    statement: `sha256:${'0'.repeat(64)}` as ImportPlan['statement'],
    steps: [],
    totals,
  };
  expect(() => requirePlanned(plan)).toThrow(refusal);
});
