import {
  blobOf,
  chartItem,
  descriptorOf,
  imageItem,
  type LooseItem,
  type LooseManifest,
  OCI_INDEX,
  OCI_MANIFEST,
  sortedBlobs,
  wholeManifest,
} from './manifest-content.ts';
import { digest } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');

const INDEX = blobOf('index').digest;

/** One of `attachments`. */
interface LooseAttachment {
  [name: string]: unknown;
  subject: string;
  root: { mediaType: string; digest: string; size: number };
  tag?: string;
}

/** Manifests whose items have `attachments` and `checked`. */
export function manifestAttachmentVectors(): Vector[] {
  return [
    ...goodAttachments(),
    ...wrongLists(),
    ...wrongSubjects(),
    ...wrongTags(),
    ...wrongMembers(),
    ...wrongChecks(),
    ...oneName(),
  ];
}

function goodAttachments(): Vector[] {
  const record = signature(INDEX, 'signature of the upstream index');
  return [
    good(
      'good-attachments',
      'a signature under its tag, an SBOM, and what is about the signature',
      attached(),
      {
        items: [
          {
            attachments: [
              { subject: INDEX },
              { subject: INDEX },
              { subject: signature(INDEX).root.digest },
            ].sort((a, b) => (a.subject < b.subject ? -1 : 1)),
            checked: CHECKED,
          },
        ],
      },
    ),
    good(
      'good-attachments-chart',
      'a chart that is signed',
      only(chartItem(), (item) => attach(item, signature(blobOf('chart-manifest').digest))),
      { items: [{ kind: 'chart', attachments: [{ tag: tagOf(blobOf('chart-manifest').digest, 'sig') }] }] },
    ),
    good(
      'good-attachments-record',
      'the signature over the upstream index that was filtered away',
      only(filteredItem(), (item) => attach(item, record)),
      { items: [{ attachments: [{ subject: INDEX }] }] },
    ),
    good(
      'good-checked-provenance',
      "a chart whose provenance was checked, and upstream's signature over its manifest",
      only(chartItem(), (item) => {
        item['checked'] = [CHECKED[1], PROVENANCE];
      }),
      { items: [{ kind: 'chart', checked: [CHECKED[1], PROVENANCE] }] },
    ),
  ];
}

function wrongLists(): Vector[] {
  return [
    invalid(
      'attachments-out-of-order',
      'attachments in another order',
      bent((list) => list.reverse()),
      ['is out of order'],
    ),
    invalid(
      'attachment-twice',
      'an attachment that stands there twice',
      bent((list) => list.splice(1, 0, { ...firstOf(list) })),
      ['duplicate attachment'],
    ),
    invalid(
      'attachments-empty',
      'a list without entries',
      bent((list) => list.splice(0)),
      ['attachments'],
    ),
    invalid(
      'attachment-unlisted',
      'an attachment that is not among the blobs of its item',
      only(imageItem(), (item) => {
        const entry = signature(INDEX);
        item['attachments'] = [entry];
      }),
      ['does not list its own'],
    ),
    invalid(
      'attachment-size-lie',
      'another size than the list of blobs says',
      bent((list) => firstOf(list).root.size++),
      ['the list of blobs says'],
    ),
  ];
}

function wrongSubjects(): Vector[] {
  return [
    invalid(
      'attachment-foreign-subject',
      'an attachment about something else',
      only(imageItem(), (item) => attach(item, signature(digest('somebody else')))),
      ['which is no part of the item'],
    ),
    invalid(
      'attachment-is-item',
      'an image that is attached to itself',
      only(imageItem(), (item) => {
        item['attachments'] = [
          { subject: blobOf('manifest').digest, root: descriptorOf('index', OCI_INDEX) },
        ];
      }),
      ['it is attached to itself'],
    ),
    invalid(
      'attachments-circle',
      'two attachments that are about each other, by their tags',
      only(imageItem(), (item) => {
        const [one, other] = [signature(INDEX, 'one'), signature(INDEX, 'other')];
        attach(item, about(one, other.root.digest), about(other, one.root.digest));
      }),
      ['are about each other'],
    ),
    invalid(
      'attachment-media-type',
      'an attachment that is no manifest',
      bent((list) => (firstOf(list).root.mediaType = 'application/json')),
      ['has the media type application/json'],
    ),
  ];
}

function wrongTags(): Vector[] {
  const withTag = (change: (tag: string) => string): LooseManifest =>
    bent((list) => {
      for (const entry of list) if (entry.tag !== undefined) entry.tag = change(entry.tag);
    });
  return [
    invalid(
      'attachment-tag-elsewhere',
      'a tag that names another subject',
      withTag((tag) => tag.replace(/[0-9a-f]{64}/, 'a'.repeat(64))),
      ['does not name its subject'],
    ),
    invalid(
      'attachment-tag-latest',
      'a tag that is not cosign’s',
      withTag(() => 'latest'),
    ),
    invalid(
      'attachment-tag-escapes',
      'a tag that leads elsewhere',
      withTag(() => '../../latest'),
    ),
    invalid(
      'attachment-tag-twice',
      'one tag that stands for two',
      only(imageItem(), (item) => attach(item, signature(INDEX, 'one'), signature(INDEX, 'other'))),
      ['stands for'],
    ),
  ];
}

function wrongMembers(): Vector[] {
  return [
    invalid(
      'attachment-unknown-member',
      'a member this version does not know',
      bent((list) => (firstOf(list)['path'] = 'x')),
      ['path'],
    ),
    invalid(
      'attachment-type-control',
      'an artifact type with control characters',
      bent((list) => (firstOf(list)['artifactType'] = 'sbom\u001b[2K')),
      ['artifactType'],
    ),
    invalid(
      'attachment-sha1',
      'a subject of another algorithm',
      bent((list) => (firstOf(list).subject = `sha1:${'a'.repeat(40)}`)),
      ['subject'],
    ),
  ];
}

function wrongChecks(): Vector[] {
  const checked = (...entries: unknown[]): LooseManifest =>
    only(imageItem(), (item) => {
      item['checked'] = entries;
    });
  return [
    invalid(
      'checked-out-of-order',
      'what was checked, in another order',
      checked(...[...CHECKED].reverse()),
      ['not sorted'],
    ),
    invalid('checked-twice', 'the same check twice', checked(CHECKED[1], CHECKED[1]), ['twice']),
    invalid('checked-unknown', 'a check that nobody knows', checked({ by: 'hearsay' }), ['checked']),
    invalid('checked-key-name', 'a key by its name', checked({ by: 'cosign-key', key: 'org.pub' }), ['key']),
    invalid('checked-empty', 'a list without entries', checked(), ['checked']),
    invalid(
      'checked-provenance-image',
      'an image with a provenance that only charts have',
      checked(PROVENANCE),
      ['checked'],
    ),
    invalid(
      'checked-provenance-key-id',
      'the short id of an OpenPGP key in the place of its fingerprint',
      only(chartItem(), (item) => {
        item['checked'] = [{ ...PROVENANCE, fingerprint: PROVENANCE.fingerprint.slice(-16) }];
      }),
      ['fingerprint'],
    ),
  ];
}

/** Registries inside write hosts in lower case and ports with a dash. */
function oneName(): Vector[] {
  const two = (first: string, second: string): LooseManifest => {
    const items = [first, second].sort().map((id) => ({ ...imageItem(), id }));
    return { ...only(imageItem(), () => {}), items };
  };
  return [
    invalid(
      'image-case-collision',
      'two images that differ by the case of their host',
      two('Registry.example.org/app:1', 'registry.example.org/app:1'),
      ['would both be registry.example.org/app:1'],
    ),
    invalid(
      'image-port-collision',
      'two images, one with a port and one with a dash',
      two('r.example.org:5000/app:1', 'r.example.org-5000/app:1'),
      ['would both be r.example.org-5000/app:1'],
    ),
    good(
      'good-tag-case',
      'two tags that differ by case: nothing is named after a tag',
      two('r.example.org/app:V1', 'r.example.org/app:v1'),
      { items: [{ id: 'r.example.org/app:V1' }, { id: 'r.example.org/app:v1' }] },
    ),
  ];
}

const PROVENANCE = { by: 'helm-provenance', fingerprint: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567' };

const CHECKED = [
  { by: 'cosign-identity', identity: 'release@example.org', issuer: 'https://issuer.example.org' },
  { by: 'cosign-key', key: digest('a key') },
] as const;

/** An image with a signature, an SBOM, and an attestation about the signature. */
function attached(): LooseManifest {
  return only(imageItem(), (item) => {
    const signed = signature(INDEX);
    attach(item, signed, referrer(INDEX, 'sbom'), referrer(signed.root.digest, 'about the signature'));
    item['checked'] = CHECKED;
  });
}

function bent(change: (attachments: LooseAttachment[]) => unknown): LooseManifest {
  const manifest = attached();
  const [item] = manifest.items;
  change((item?.['attachments'] ?? []) as LooseAttachment[]);
  return manifest;
}

function firstOf(list: LooseAttachment[]): LooseAttachment {
  const [first] = list;
  if (first === undefined) throw new Error('there is no attachment');
  return first;
}

function signature(subject: string, text = 'signature'): LooseAttachment {
  const { root } = referrer(subject, text);
  return { subject, root, tag: tagOf(subject, 'sig') };
}

function referrer(subject: string, text: string): LooseAttachment {
  const bytes = `content of ${text}`;
  return {
    subject,
    root: { mediaType: OCI_MANIFEST, digest: digest(bytes), size: bytes.length },
    artifactType: 'application/vnd.example.thing',
  };
}

function about(entry: LooseAttachment, subject: string): LooseAttachment {
  return { ...entry, subject, tag: tagOf(subject, 'sig') };
}

function tagOf(subject: string, ending: string): string {
  return `${subject.replace(':', '-')}.${ending}`;
}

/** Sorted by subject, then root, then tag. */
function attach(item: LooseItem, ...entries: LooseAttachment[]): void {
  const key = ({ subject, root, tag = '' }: LooseAttachment): string => `${subject} ${root.digest} ${tag}`;
  item['attachments'] = entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  item.blobs = [...item.blobs, ...entries.map(({ root }) => root.digest)].sort();
}

function filteredItem(): LooseItem {
  const bytes = 'content of filtered index';
  const root = { mediaType: OCI_INDEX, digest: digest(bytes), size: bytes.length };
  const item = imageItem();
  return {
    ...item,
    root,
    blobs: [...item.blobs, root.digest].sort(),
    upstreamIndex: descriptorOf('index', OCI_INDEX),
  };
}

/** A manifest with one item, and the blobs that it and its attachments name. */
function only(item: LooseItem, change: (item: LooseItem) => void): LooseManifest {
  change(item);
  const whole = wholeManifest();
  const roots = [item['root'], ...((item['attachments'] ?? []) as LooseAttachment[]).map(({ root }) => root)];
  const known = new Map(whole.blobs.map((blob) => [blob.digest, blob]));
  for (const { digest: name, size } of roots as { digest: string; size: number }[])
    known.set(name, { digest: name, size });
  const blobs = item.blobs.map((name) => known.get(name) ?? { digest: name, size: 0 });
  return { ...whole, blobs: sortedBlobs(blobs), items: [item] };
}

function good(name: string, why: string, manifest: LooseManifest, result: unknown): Vector {
  return { name, files: { 'manifest.json': sortedJson(manifest) }, expect: { why, accept: true, result } };
}

function invalid(name: string, why: string, manifest: LooseManifest, says: readonly string[] = []): Vector {
  return refused(name, why, sortedJson(manifest), 'MANIFEST_INVALID', says);
}
