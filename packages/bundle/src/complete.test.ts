import type { BlobFinding, BlobFindings, Digest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { complete, itemsOf, requireVerified, type VerifiedRelease } from './complete.ts';
import type { TrustedManifest } from './open-release.ts';
import { openSimulated, simulatedRelease } from './testing/index.ts';

const release = simulatedRelease({
  images: { 'docker.io/library/nginx:1.27': 'nginx' },
  git: { 'git.example/ops/line-a': { main: 'a'.repeat(40) } },
  files: { 'k3s/k3s': 'binary' },
});
const trusted = openSimulated(release);
const all = trusted.blobs.map((blob) => blob.digest);
const fileBlob = trusted.manifest.items.find((item) => item.kind === 'file')?.blobs[0] as Digest;
const pack = trusted.packs?.items[0]?.packs[0]?.digest as Digest;

function without(digest: Digest, finding?: Pick<BlobFinding, 'state' | 'detail'>): BlobFindings {
  const blob = trusted.blobs.find((candidate) => candidate.digest === digest);
  const bad = finding && blob ? [{ ...blob, ...finding }] : [];
  return { good: new Set(all.filter((candidate) => candidate !== digest)), bad };
}

describe('the second gate', () => {
  it('opens when every blob was read and is right', () => {
    const verified = complete(trusted, { good: new Set(all), bad: [] });
    expect(verified.opened).toBe(trusted);
    expect(requireVerified(verified)).toBe(verified);
  });

  it('opens with blobs that are pending, and says by what it was let in before', () => {
    const admitted = {
      statement: trusted.statement,
      kind: 'import.finished',
      index: 7,
      at: '2026-03-20T00:00:00Z',
    };
    const pending = new Set(all);
    const verified = complete(trusted, { good: new Set(), bad: [], pending, admitted });
    expect(verified).toMatchObject({ pending, admitted });
    const other = { ...admitted, statement: pack };
    expect(() => complete(trusted, { good: new Set(), bad: [], pending, admitted: other })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  it.each(all)('stays shut when only %s was not checked', (digest) => {
    expect(() => complete(trusted, without(digest))).toThrow(
      expect.objectContaining({ code: 'BLOB_MISSING' }),
    );
  });

  it('names the item of a damaged blob, and what it has instead', () => {
    const findings = without(fileBlob, { state: 'damaged', detail: 'has sha256:0… instead' });
    expect(() => complete(trusted, findings)).toThrow(
      expect.objectContaining({
        code: 'DIGEST_MISMATCH',
        message: expect.stringMatching(/file k3s\/k3s: blob sha256:[0-9a-f]{64} has sha256:0… instead/),
        data: expect.objectContaining({ items: ['file k3s/k3s'] }),
      }),
    );
  });

  it('names the repository of a missing pack', () => {
    expect(() => complete(trusted, without(pack, { state: 'missing', detail: 'is not there' }))).toThrow(
      expect.objectContaining({
        code: 'BLOB_MISSING',
        message: expect.stringContaining('git git.example/ops/line-a'),
      }),
    );
  });

  it('calls a release with one damaged and one missing blob damaged', () => {
    const bad: BlobFinding[] = trusted.blobs.map((blob, i) => ({
      ...blob,
      state: i === 0 ? 'unreadable' : 'missing',
      detail: 'x',
    }));
    expect(() => complete(trusted, { good: new Set(), bad })).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    );
  });

  it('does not believe a good finding about other blobs', () => {
    const other = `sha256:${'0'.repeat(64)}` as Digest;
    expect(() => complete(trusted, { good: new Set([other]), bad: [] })).toThrow(
      expect.objectContaining({ code: 'BLOB_MISSING' }),
    );
  });

  it('counts ten thousand missing files of a medium that was pulled out, and names five', () => {
    const files = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f/${i}`, `content ${i}`]));
    const many = openSimulated(simulatedRelease({ files }));
    const bad = many.blobs.map(
      (blob): BlobFinding => ({ ...blob, state: 'missing', detail: 'is not there' }),
    );
    expect(() => complete(many, { good: new Set(), bad })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/and 9995 more$/) }),
    );
  });

  it('accepts only what the first gate let through', () => {
    const forged = { ...trusted } as TrustedManifest;
    expect(() => complete(forged, { good: new Set(all), bad: [] })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });
});

describe('a verified release', () => {
  it('is nothing else than what the second gate made', () => {
    const verified = complete(trusted, { good: new Set(all), bad: [] });
    for (const forged of [{ ...verified }, { opened: trusted }, Object.create(verified)])
      expect(() => requireVerified(forged as VerifiedRelease)).toThrow(
        expect.objectContaining({ code: 'INTERNAL' }),
      );
  });

  it('cannot be given another manifest', () => {
    const verified = complete(trusted, { good: new Set(all), bad: [] });
    expect(() => Object.assign(verified, { opened: {} })).toThrow(TypeError);
  });
});

describe('itemsOf', () => {
  it('names every item that needs a blob', () => {
    expect(itemsOf(trusted, fileBlob)).toEqual(['file k3s/k3s']);
    expect(itemsOf(trusted, pack)).toEqual(['git git.example/ops/line-a']);
    expect(itemsOf(trusted, `sha256:${'0'.repeat(64)}` as Digest)).toEqual([]);
  });
});
