import { type ImportPlan, type Manifest, type Packs, toImportPlanJson } from '@gapferry/bundle';
import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { formatImportPlan } from './format-import-plan.ts';
import { formatInventory, toInventoryJson } from './format-inventory.ts';

const ROOT = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf('root'),
  size: 1000,
};
const LAYER = { digest: digestOf('layer'), size: 2_000_000 };
const MANIFEST: Manifest = {
  format: 'gapferry.manifest/1',
  bundle: 'line-a',
  version: '1.4.0',
  platforms: ['linux/amd64'],
  blobs: [ROOT, LAYER],
  items: [
    { kind: 'file', id: 'tool', blobs: [LAYER.digest], root: { ...ROOT, ...LAYER }, source: '', checked: [] },
    {
      kind: 'git',
      id: 'git.example/a',
      blobs: [],
      source: '',
      objectFormat: 'sha1',
      refs: [{ name: 'refs/heads/main', oid: 'a'.repeat(40) }],
    },
    {
      kind: 'image',
      id: 'docker.io/library/app:1',
      blobs: [ROOT.digest, LAYER.digest],
      root: ROOT,
      platforms: ['linux/amd64'],
      upstream: ROOT.digest,
    },
  ],
};
const PACKS: Packs = {
  format: 'gapferry.packs/1',
  items: [{ id: 'git.example/a', packs: [{ digest: digestOf('pack'), size: 500, prerequisites: [] }] }],
};

describe('the inventory of a release', () => {
  it('lists items by kind with what they weigh; shared blobs are counted once in the sum', () => {
    expect(formatInventory(MANIFEST, PACKS)).toBe(
      [
        'line-a 1.4.0: 3 items, 3 blobs, 2.00 MB, for linux/amd64',
        '',
        'Images',
        `  docker.io/library/app:1  ${ROOT.digest.slice(0, 19)}…  2.00 MB`,
        '',
        'Git repositories',
        '  git.example/a  1 ref  500 B',
        '',
        'Files',
        `  tool  ${LAYER.digest.slice(0, 19)}…  2.00 MB`,
      ].join('\n'),
    );
  });

  it('has whole digests and bytes for programs', () => {
    expect(toInventoryJson(MANIFEST, PACKS)).toMatchObject({
      format: 'gapferry.inventory/1',
      blobs: 3,
      bytes: 2_001_500,
      items: [
        { kind: 'file', digest: LAYER.digest, bytes: 2_000_000 },
        { kind: 'git', refs: 1, bytes: 500 },
        { kind: 'image', digest: ROOT.digest, bytes: 2_001_000 },
      ],
    });
  });
});

describe('attachments in the inventory', () => {
  const subject = ROOT.digest;
  const attached: Manifest = {
    ...MANIFEST,
    items: MANIFEST.items.map((item) =>
      item.kind === 'image'
        ? {
            ...item,
            upstream: digestOf('upstream'),
            upstreamIndex: { ...ROOT, digest: digestOf('upstream') },
            attachments: [
              { subject, root: { ...ROOT, digest: digestOf('s') }, tag: `sha256-${subject.slice(7)}.sig` },
              { subject, root: { ...ROOT, digest: digestOf('t') }, artifactType: 'application/spdx+json' },
            ],
            checked: [{ by: 'cosign-key', key: digestOf('key') }],
          }
        : item,
    ),
  };

  it('stand beside their image, with what was checked, and filtered indexes are told', () => {
    const text = formatInventory(attached, PACKS);
    expect(text).toContain(
      `2.00 MB  signed by key ${digestOf('key').slice(0, 19)}…; with application/spdx+json, signature; filtered index\n`,
    );
    expect(text).toMatch(/\n1 image is a filtered index: upstream's signature over the index does not cover/);
  });

  it('are whole for programs', () => {
    expect(toInventoryJson(attached).items[2]).toMatchObject({
      attachments: [
        { type: 'signature', subject, root: digestOf('s') },
        { type: 'application/spdx+json', subject, root: digestOf('t') },
      ],
      checked: [{ by: 'cosign-key', key: digestOf('key') }],
      filtered: true,
    });
  });
});

const base = {
  kind: 'oci',
  item: 'image docker.io/library/app:1',
  repository: 'docker.io/library/app',
  root: ROOT,
} as const;
const name = { ...base, phase: 'name', of: 'image', tag: '1' } as const;
const PLAN = {
  release: { opened: {} },
  address: { channel: 'line-a', sequence: 3 },
  statement: digestOf('statement'),
  permissions: [],
  room: [],
  steps: [
    {
      target: 'here',
      item: 'file tool',
      kind: 'file',
      content: {
        phase: 'content',
        kind: 'file',
        item: 'file tool',
        path: 'tool',
        files: [{ path: 'tool', root: ROOT }],
      },
      name: {
        phase: 'name',
        kind: 'file',
        item: 'file tool',
        path: 'tool',
        files: [{ path: 'tool', root: ROOT }],
      },
      contentAction: 'send',
      nameAction: 'create',
      bytes: 2_000_000,
    },
    {
      target: 'here',
      item: 'image docker.io/library/app:1',
      kind: 'image',
      content: { ...base, phase: 'content', blobs: [ROOT] },
      name: { ...name, replaces: { digest: digestOf('old') } },
      contentAction: 'same',
      nameAction: 'move',
      bytes: 0,
    },
    {
      target: 'there',
      item: 'image docker.io/library/app:1',
      kind: 'image',
      content: { ...base, phase: 'content', blobs: [ROOT] },
      name,
      contentAction: 'same',
      nameAction: 'same',
      bytes: 0,
    },
  ],
  totals: { items: 3, toLoad: 2, same: 1, moved: 1, bytes: 2_000_000 },
} as unknown as ImportPlan;

describe('an import plan', () => {
  it('shows per target what moves first, and counts what is there', () => {
    expect(formatImportPlan(PLAN)).toBe(
      [
        `release line-a/3 (${digestOf('statement').slice(0, 19)}…)`,
        '',
        'target here',
        `  move    image docker.io/library/app:1  → docker.io/library/app:1  content there  replaces ${digestOf('old').slice(0, 19)}…`,
        '  create  file tool                      → tool                           2.00 MB',
        '',
        'target there',
        '  1 item there already',
        '',
        '2 items to load (2.00 MB), 1 name moved; 1 there already.',
      ].join('\n'),
    );
  });

  it('counts the tags of attachments, shows those that move, and tells of filtered indexes', () => {
    const tag = { ...base, phase: 'name', of: 'attachment', tag: `sha256-${'a'.repeat(64)}.sig` } as const;
    const step = {
      target: 'there',
      item: base.item,
      kind: 'image',
      contentAction: 'same',
      bytes: 0,
    } as const;
    const moving = {
      ...step,
      name: { ...tag, replaces: { digest: digestOf('o') } },
      nameAction: 'move',
    } as const;
    const [file, image, same] = PLAN.steps;
    const plan = {
      ...PLAN,
      steps: [file, { ...image, filtered: true }, same, { ...step, name: tag, nameAction: 'create' }, moving],
    } as ImportPlan;
    const text = formatImportPlan(plan);
    expect(text).toContain('\n  1 tag of attachments\n  1 item there already\n');
    expect(text).toContain(`  move  image docker.io/library/app:1  → docker.io/library/app:${tag.tag}`);
    expect(text).toContain('1 image is a filtered index');
    const { steps } = toImportPlanJson(plan);
    expect(steps.map(({ of }) => of)).toEqual([undefined, undefined, undefined, 'attachment', 'attachment']);
    expect(steps.map(({ filtered }) => filtered)).toEqual([undefined, true, undefined, undefined, undefined]);
  });

  it('says which default branch is set, and what is said of a repository', () => {
    const described = {
      target: 'forge',
      item: 'git git.example/a',
      kind: 'git',
      name: { phase: 'name', kind: 'git', item: 'git git.example/a', repository: 'git.example/a', refs: [] },
      content: {},
      contentAction: 'same',
      nameAction: 'describe',
      bytes: 0,
      head: { from: 'refs/heads/main', to: 'refs/heads/trunk' },
      about: { from: { topics: ['plc'] }, to: { description: 'Line 3', topics: [] } },
    };
    const plan = { ...PLAN, steps: [described] } as unknown as ImportPlan;
    expect(formatImportPlan(plan).split('\n').slice(2, 8)).toEqual([
      'target forge',
      '  describe  git git.example/a  → git.example/a  content there',
      '  about git git.example/a',
      '    HEAD         main → trunk',
      '    description  none → "Line 3"',
      '    topics       −plc',
    ]);
    const { head, about } = described;
    expect(toImportPlanJson(plan).steps[0]).toMatchObject({ name: 'describe', head, about });
  });

  it('says where a target’s own clients find what is loaded, and what the target must allow', () => {
    const [file] = PLAN.steps;
    const address = 's3://plant/line-a/1.4.0/tool';
    const permission = {
      target: 'here',
      action: 's3:PutObject',
      on: 's3://plant/*',
      state: 'probed',
    } as const;
    const plan = {
      ...PLAN,
      steps: [{ ...file, address }],
      permissions: [permission, { ...permission, target: 'there' }],
    } as ImportPlan;
    expect(formatImportPlan(plan)).toContain(`  → ${address}  `);
    expect(formatImportPlan(plan)).toMatch(/\n {2}permissions: 1 probed\n\n/);
    expect(toImportPlanJson(plan)).toMatchObject({ permissions: plan.permissions, steps: [{ address }] });
  });

  it('says so when there is nothing to do', () => {
    const idle = {
      ...PLAN,
      steps: PLAN.steps.slice(2),
      totals: { items: 1, toLoad: 0, same: 1, moved: 0, bytes: 0 },
    };
    expect(formatImportPlan(idle)).toMatch(/\n\nNothing to do: 1 item there already\.$/);
  });

  it('has places and whole digests for programs, and nothing of how it is done', () => {
    const json = JSON.parse(JSON.stringify(toImportPlanJson(PLAN)));
    expect(json.format).toBe('gapferry.plan/1');
    expect(json.release).toEqual({ channel: 'line-a', sequence: 3, statement: digestOf('statement') });
    expect(json.steps[1]).toEqual({
      target: 'here',
      kind: 'image',
      item: 'image docker.io/library/app:1',
      place: 'oci docker.io/library/app:1',
      content: 'same',
      name: 'move',
      bytes: 0,
      replaces: { digest: digestOf('old') },
    });
  });
});

describe('a directory', () => {
  const kit = (files: unknown) =>
    ({ kind: 'file', id: 'kit/', blobs: [LAYER.digest], files, source: 'local', checked: [] }) as const;
  const withKit = (files: unknown) => ({ ...MANIFEST, items: [kit(files)] }) as unknown as Manifest;

  it('says in an inventory how many files it has, where they stand in line', () => {
    const files = ['a', 'b'].map((path) => ({ path, ...LAYER }));
    expect(formatInventory(withKit(files))).toMatch(/kit\/ +2 files +/);
    expect(formatInventory(withKit({ list: LAYER }))).toMatch(/kit\/ +many files +/);
    expect(toInventoryJson(withKit(files)).items[0]).toMatchObject({ id: 'kit/', files: 2 });
  });

  it('and a file say in an inventory what they were held against, besides a given sha256', () => {
    const held = [
      'checksums',
      'first-seen',
      'given-sha256',
      'given-sha512',
      { by: 'cosign-key', key: digestOf('key') },
      { by: 'minisign', key: 'C09F23ED92F77218', of: 'checksums' },
      { by: 'openpgp', fingerprint: '0a'.repeat(20) },
    ];
    const there = [{ by: 'first-seen', at: 'nexus.example/Raw' }] as const;
    const file = { ...kit([]), id: 'tool', root: { ...ROOT, ...LAYER }, checked: held, files: undefined };
    const { files: _, ...single } = file;
    const mirrored = { ...single, id: 'other', checked: there };
    const manifest = {
      ...MANIFEST,
      items: [{ ...kit([{ path: 'a', ...LAYER }]), checked: ['first-seen'] }, single, mirrored],
    };
    const text = formatInventory(manifest as unknown as Manifest);
    expect(text).toMatch(/kit\/ +1 file .*as first seen$/m);
    expect(text).toMatch(/other .*as first seen, at the mirror nexus\.example\/Raw alone$/m);
    expect(text).toContain(
      `in a list of checksums; as first seen; sha512 given; signed by key ${digestOf('key').slice(0, 19)}…; checksums signed by minisign key C09F23ED92F77218; signed by OpenPGP key ${'0a'.repeat(20)}`,
    );
    expect(toInventoryJson(manifest as unknown as Manifest).items[1]).toMatchObject({ held });
  });

  it('says in a plan how many files it has and how many of those there it replaces', () => {
    const files = ['kit/a', 'kit/b', 'kit/c'].map((path) => ({ path, root: ROOT }));
    const load = { kind: 'file', item: 'file kit/', path: 'kit/', files } as const;
    const step = {
      target: 'here',
      item: 'file kit/',
      kind: 'file',
      content: { ...load, phase: 'content' },
      name: { ...load, phase: 'name', replaces: { 'kit/a': ROOT.digest, 'kit/b': digestOf('old') } },
      contentAction: 'send',
      nameAction: 'move',
      bytes: 1,
    } as const;
    const planned = (more: object) => formatImportPlan({ ...PLAN, steps: [{ ...step, ...more }] } as never);
    expect(planned({})).toContain('→ kit/  1 B  3 files, replaces 1');
    expect(planned({ nameAction: 'create' })).toMatch(/1 B +3 files$/m);
  });
});
