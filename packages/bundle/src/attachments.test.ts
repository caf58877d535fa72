import { type Digest, digestOf } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseManifest } from './check-manifest.ts';
import { loadedAttachments } from './loaded-attachments.ts';
import {
  attach,
  canonical,
  filterIndex,
  type Loose,
  list,
  type SimulatedRelease,
  simulatedRelease,
} from './testing/index.ts';

const IMAGE = 'docker.io/library/app:1';
const STRANGER: Digest = `sha256:${'0'.repeat(64)}` as Digest;

let release: SimulatedRelease;
let item: Loose;
beforeEach(() => {
  release = simulatedRelease({ images: { [IMAGE]: 'app', 'docker.io/library/app:2': 'other' } });
  [item] = release.manifest.items;
});

const check = (): unknown => parseManifest(canonical(release.manifest));

describe('attachments in a manifest', () => {
  it('are as they were when they are right', () => {
    const signature = attach(release, IMAGE, { tag: 'sig' });
    attach(release, IMAGE, { text: 'sbom' });
    attach(release, IMAGE, { subject: signature.root.digest, text: 'about the signature' });
    item.checked = [
      { by: 'cosign-identity', identity: 'a@example.org', issuer: 'https://i.example' },
      { by: 'cosign-key', key: STRANGER },
    ];
    expect(check()).toEqual(release.manifest);
  });

  it('may be about the upstream index that was filtered away', () => {
    const upstream = filterIndex(release, IMAGE);
    attach(release, IMAGE, { subject: upstream.digest, tag: 'sig' });
    expect(check()).toEqual(release.manifest);
  });

  it.each<[string, (entry: Loose, other: Loose) => void, string]>([
    ['an order of their own', () => item.attachments.reverse(), 'is out of order'],
    ['one that stands there twice', () => item.attachments.push(item.attachments[1]), 'duplicate attachment'],
    [
      'a subject of somebody else',
      (entry) => (entry.subject = STRANGER),
      `is about ${STRANGER}, which is no part of the item`,
    ],
    ['another size', (entry) => entry.root.size++, 'bytes, the list of blobs says'],
    [
      'a root that is not among the blobs',
      (entry) => (item.blobs = item.blobs.filter((one: string) => one !== entry.root.digest)),
      'does not list its own',
    ],
    [
      'a root that is no manifest',
      (entry) => (entry.root.mediaType = 'application/json'),
      'has the media type application/json',
    ],
    ['the item itself', (entry) => (entry.root = item.root), 'it is attached to itself'],
    [
      'a tag of another subject',
      (_, other) => (other.tag = other.tag.replace(/[0-9a-f]{64}/, '1'.repeat(64))),
      'does not name its subject',
    ],
    [
      'a tag that cosign has not',
      (_, other) => (other.tag = other.tag.replace('.sig', '.zip')),
      'tag: must be sha256-',
    ],
    ['a tag that leads elsewhere', (_, other) => (other.tag = '../../x'), 'tag: must be sha256-'],
    ['one tag for two', (entry, other) => (entry.tag = other.tag), 'stands for'],
    ['members nobody knows', (entry) => (entry.path = '/etc/passwd'), 'path: is not known here'],
    ['a type that no terminal should see', (entry) => (entry.artifactType = 'a\u001b[2J'), 'artifactType'],
    ['an empty list', () => (item.attachments = []), 'attachments'],
    ['null', () => (item.attachments = null), 'attachments'],
  ])('are refused with %s', (_, bend, message) => {
    const entry = attach(release, IMAGE, { text: 'sbom' });
    const other = attach(release, IMAGE, { tag: 'sig', text: 'signature' });
    item.attachments.sort((a: Loose, b: Loose) => (a.root.digest < b.root.digest ? -1 : 1));
    bend(entry, other);
    expect(check).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
    expect(check).toThrow(message);
  });

  it('are refused when two claim to be about each other', () => {
    const one = attach(release, IMAGE, { tag: 'sig', text: 'one' });
    const other = attach(release, IMAGE, { tag: 'att', text: 'other' });
    [one.subject, other.subject] = [other.root.digest, one.root.digest];
    one.tag = `${one.subject.replace(':', '-')}.sig`;
    other.tag = `${other.subject.replace(':', '-')}.att`;
    item.attachments.sort((a: Loose, b: Loose) => (a.subject < b.subject ? -1 : 1));
    expect(check).toThrow('are about each other');
  });

  it('of two items may share a tag only with its root', () => {
    const second = release.manifest.items[1];
    const { tag } = attach(release, IMAGE, { tag: 'sig' });
    list(release, second, [{ digest: item.root.digest, size: item.root.size }]);
    attach(release, second.id, { subject: item.root.digest, tag: 'sig' });
    expect(check).not.toThrow();
    second.attachments = undefined;
    attach(release, second.id, { subject: item.root.digest, tag: 'sig', text: 'another signature' });
    release.manifest = JSON.parse(JSON.stringify(release.manifest));
    expect(check).toThrow(`would both be docker.io/library/app:${tag}`);
  });

  it.each<[string, (checked: Loose[]) => unknown]>([
    ['out of order', (checked) => checked.reverse()],
    ['twice', (checked) => checked.push(checked[1])],
    ['of a kind nobody knows', (checked) => (checked[0].by = 'hearsay')],
    ['with a key that is no digest', (checked) => (checked[1].key = 'abc')],
    ['not at all, and said so', (checked) => checked.splice(0)],
  ])('are refused with what was checked %s', (_, bend) => {
    item.checked = [
      { by: 'cosign-identity', identity: 'a@example.org', issuer: 'https://i.example' },
      { by: 'cosign-key', key: STRANGER },
    ];
    bend(item.checked);
    expect(check).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });

  it('are not a provenance: only a chart has one', () => {
    item.checked = [{ by: 'helm-provenance', fingerprint: 'ab'.repeat(20) }];
    expect(check).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

describe('ten thousand attachments, each about the one before it', () => {
  it('are read in time that grows with their number', () => {
    const table: Loose[] = [];
    const chain = (count: number): void => {
      let subject = item.root.digest;
      for (let i = 0; i < count; i++) {
        const digest = digestOf(`attachment ${i}`);
        table.push({ digest, size: 1 });
        item.attachments.push({ subject, root: { mediaType: item.root.mediaType, digest, size: 1 } });
        subject = digest;
      }
    };
    item.attachments = [];
    chain(10_000);
    item.attachments.sort((a: Loose, b: Loose) => (a.subject < b.subject ? -1 : 1));
    list(release, item, table);
    expect(check()).toEqual(release.manifest);
    expect(loadedAttachments(item)).toHaveLength(10_000);
  });
});
