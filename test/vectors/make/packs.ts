import { gitItem, type LooseManifest, wholeManifest } from './manifest-content.ts';
import { digest } from './openssl.ts';
import { sortedJson, type Vector } from './vector.ts';

interface LoosePacks {
  [name: string]: unknown;
  items: { [name: string]: unknown; id: string; packs: { [name: string]: unknown; digest: string }[] }[];
}

const ID = 'git.example.org/ops/config';
const SECOND_ID = 'git.example.org/ops/tools';

/** Every case has the manifest that packs.json is held against. */
export function packsVectors(): Vector[] {
  return [...goodPacks(), ...wrongBytes(), ...wrongItems(), ...wrongPacks()];
}

function goodPacks(): Vector[] {
  const json = sortedJson(packsOf(ID));
  return [
    good('good', 'a base pack and an increment', json, {
      items: [{ id: ID, packs: [{ prerequisites: [] }, {}] }],
    }),
    good(
      'good-since',
      'packs that say which release carried them first',
      changed(packsOf(ID), ({ items: [item] }) =>
        item?.packs.forEach((pack, at) => void Object.assign(pack, { since: 3 + at })),
      ),
      { items: [{ id: ID, packs: [{ since: 3 }, { since: 4 }] }] },
    ),
    {
      ...good(
        'good-two',
        'two repositories, in the order of the manifest',
        sortedJson(packsOf(ID, SECOND_ID)),
      ),
      ...withManifest(twoRepositories(), sortedJson(packsOf(ID, SECOND_ID))),
    },
  ];
}

function wrongBytes(): Vector[] {
  const json = sortedJson(packsOf(ID));
  return [
    refused(
      'changed-byte',
      'one changed byte in the item’s name',
      json.replace('ops/config', 'ops/confih'),
      'MANIFEST_INVALID',
      [ID],
    ),
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID'),
    refused(
      'unknown-major',
      'a format of the future',
      changed(packsOf(ID), (p) => Object.assign(p, { format: 'gapferry.packs/2' })),
      'FORMAT_UNKNOWN',
    ),
    refused('proto-member', 'a member __proto__', json.replace('{', '{"__proto__":1,'), 'JSON_INVALID'),
    refused(
      'deep',
      'nine levels',
      json.replace('"items":[', `"items":[${'['.repeat(9)}${']'.repeat(9)},`),
      'LIMIT_EXCEEDED',
    ),
    {
      name: 'oversized',
      files: files(json),
      expect: {
        why: 'one byte over 16 MiB',
        refuse: 'LIMIT_EXCEEDED',
        generate: { file: 'packs.json', fill: ' ', size: 16_777_217 },
      },
    },
  ];
}

function wrongItems(): Vector[] {
  return [
    refused(
      'item-missing',
      'a repository without packs',
      sortedJson({ ...packsOf(), items: [] }),
      'MANIFEST_INVALID',
      [ID],
    ),
    refused(
      'item-unknown',
      'packs of a repository that the manifest does not name',
      sortedJson(packsOf(ID, SECOND_ID)),
      'MANIFEST_INVALID',
      [SECOND_ID],
    ),
    refused(
      'item-duplicate',
      'a repository stands in it twice',
      sortedJson(packsOf(ID, ID)),
      'MANIFEST_INVALID',
    ),
    {
      name: 'items-out-of-order',
      ...withManifest(twoRepositories(), sortedJson(packsOf(SECOND_ID, ID))),
      expect: {
        why: 'repositories in another order than the manifest’s',
        refuse: 'MANIFEST_INVALID',
        says: ['out of order'],
      },
    },
  ];
}

function wrongPacks(): Vector[] {
  const item = (change: (packs: LoosePacks) => unknown): string => changed(packsOf(ID), change);
  return [
    refused(
      'no-packs',
      'a repository with an empty list of packs',
      item((p) => p.items[0]?.packs.splice(0)),
      'MANIFEST_INVALID',
    ),
    refused(
      'unknown-member',
      'a member this version does not know',
      item((p) => Object.assign(p.items[0]?.packs[0] ?? {}, { path: '../x' })),
      'MANIFEST_INVALID',
      ['path'],
    ),
    refused(
      'size-negative',
      'a size below zero',
      item((p) => Object.assign(p.items[0]?.packs[0] ?? {}, { size: -1 })),
      'MANIFEST_INVALID',
    ),
    refused(
      'digest-short',
      'a digest that is cut',
      item((p) => Object.assign(p.items[0]?.packs[0] ?? {}, { digest: 'sha256:12' })),
      'MANIFEST_INVALID',
    ),
    refused(
      'since-zero',
      'a release number that no release has',
      item((p) => Object.assign(p.items[0]?.packs[0] ?? {}, { since: 0 })),
      'MANIFEST_INVALID',
      ['since'],
    ),
    refused(
      'prerequisite-option',
      'a prerequisite that is an option of git',
      item((p) => Object.assign(p.items[0]?.packs[0] ?? {}, { prerequisites: ['--upload-pack=x'] })),
      'MANIFEST_INVALID',
    ),
  ];
}

function packsOf(...ids: readonly string[]): LoosePacks {
  const items = ids.map((id) => ({
    id,
    packs: [
      { digest: digest(`base pack of ${id}`), size: 4096, prerequisites: [] },
      {
        digest: digest(`increment of ${id}`),
        size: 512,
        prerequisites: ['1f6f4f1a5b4a7c1b7f6f6f0f9c6f0a6b0c1d2e3f'],
      },
    ],
  }));
  return { format: 'gapferry.packs/1', items };
}

function changed(packs: LoosePacks, change: (packs: LoosePacks) => unknown): string {
  change(packs);
  return sortedJson(packs);
}

function twoRepositories(): LooseManifest {
  return { ...wholeManifest(), blobs: [], items: [gitItem(), { ...gitItem(), id: SECOND_ID }] };
}

function withManifest(manifest: LooseManifest, packs: string): { files: Vector['files'] } {
  return { files: { 'manifest.json': sortedJson(manifest), 'packs.json': packs } };
}

function files(packs: string): Vector['files'] {
  return withManifest(wholeManifest(), packs).files;
}

function good(name: string, why: string, packs: string, result: unknown = {}): Vector {
  return { name, files: files(packs), expect: { why, accept: true, result } };
}

function refused(
  name: string,
  why: string,
  packs: string,
  refuse: string,
  says: readonly string[] = [],
): Vector {
  return { name, files: files(packs), expect: { why, refuse, ...(says.length > 0 && { says }) } };
}
