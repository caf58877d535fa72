import type { ReleaseDiff } from '@gapferry/bundle';
import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { formatDiff, toDiffJson } from './format-diff.ts';
import { withCommitCounts } from './with-commit-counts.ts';

const [OLD, NEW] = ['1'.repeat(40), '2'.repeat(40)];
const DIFF: ReleaseDiff = {
  from: { bundle: 'line-a', version: '1.4.0' },
  to: { bundle: 'line-a', version: '1.5.0' },
  changes: [
    {
      change: 'updated',
      kind: 'chart',
      id: 'charts.example/historian:4.2.0',
      from: 'charts.example/historian:4.1.0',
      to: 'charts.example/historian:4.2.0',
      bytes: 12_000,
    },
    {
      change: 'moved',
      kind: 'file',
      id: 'k3s/k3s',
      from: digestOf('k'),
      to: digestOf('l'),
      bytes: 70_000_000,
    },
    {
      change: 'content',
      kind: 'file',
      id: 'av/daily.cvd',
      mayBe: { from: 604_800, to: 259_200 },
      bytes: 0,
    },
    {
      change: 'refs',
      kind: 'git',
      id: 'git.example/ops/line-a',
      refs: [
        { name: 'refs/heads/gone', from: OLD },
        { name: 'refs/heads/main', from: OLD, to: NEW },
        { name: 'refs/heads/rewritten', from: NEW, to: OLD },
        { name: 'refs/tags/v1', to: NEW },
      ],
      head: { from: 'refs/heads/gone', to: 'refs/heads/main' },
      bytes: 4096,
    },
    { change: 'added', kind: 'image', id: 'docker.io/library/new:1', bytes: 5_000_000 },
    { change: 'removed', kind: 'image', id: 'docker.io/library/old:1', bytes: 0 },
    {
      change: 'moved',
      kind: 'image',
      id: 'docker.io/library/x:1',
      from: digestOf('a'),
      to: digestOf('b'),
      bytes: 1_000_000,
    },
    {
      change: 'updated',
      kind: 'image',
      id: 'docker.io/library/nginx:1.27.3',
      from: 'docker.io/library/nginx:1.27.2',
      to: 'docker.io/library/nginx:1.27.3',
      bytes: 3_210_000,
    },
  ],
  unchanged: 120,
  bytes: { from: 12_000_000_000, to: 12_300_000_000, added: 1_870_000_000, removed: 300_000_000 },
};

const counts = async (_: string, from: string) =>
  from === OLD ? { added: 12, removed: 0 } : { added: 3, removed: 12 };

describe('a difference for a change board', () => {
  it('shows moved tags first, then what was updated, came and went', async () => {
    const short = (text: string): string => `${digestOf(text).slice(0, 19)}…`;
    expect(formatDiff(await withCommitCounts(DIFF, counts))).toBe(
      [
        'line-a 1.4.0 → 1.5.0',
        '',
        'Images',
        `  moved    docker.io/library/x:1    ${short('a')} → ${short('b')}  1.00 MB new`,
        `  updated  docker.io/library/nginx  ${'1.27.2 → 1.27.3'.padEnd(43)}  3.21 MB new`,
        `  added    docker.io/library/new:1  ${' '.repeat(43)}  5.00 MB new`,
        '  removed  docker.io/library/old:1',
        '',
        'Charts',
        '  updated  charts.example/historian  4.1.0 → 4.2.0  12.0 kB new',
        '',
        'Git repositories',
        '  changed  git.example/ops/line-a  4.10 kB new',
        '    rewritten  222222222222 → 111111111111   +3 −12, history rewritten',
        '    main       111111111111 → 222222222222   +12 −0',
        '    tag v1     new at 222222222222',
        '    gone       deleted, was at 111111111111',
        '    HEAD       gone → main',
        '',
        'Files',
        `  changed  k3s/k3s       ${short('k')} → ${short('l')}  70.0 MB new`,
        `  same     av/daily.cvd  ${''.padEnd(43)}               may be 7 d old → 3 d old`,
        '',
        '8 changes (1 moved tag), 120 unchanged.',
        'New bytes to carry: 1.87 GB of 12.3 GB; no longer needed: 300 MB.',
      ].join('\n'),
    );
  });

  it('says so when nothing changes', () => {
    expect(formatDiff({ ...DIFF, changes: [], unchanged: 1 })).toBe(
      'line-a 1.4.0 → 1.5.0\n\nNothing changes: 1 item, 12.3 GB.',
    );
  });

  it('names both bundles when they differ', () => {
    expect(formatDiff({ ...DIFF, to: { bundle: 'line-b', version: '1' } })).toMatch(
      /^line-a 1\.4\.0 → line-b 1\n/,
    );
  });

  it('writes names that differ in more than the version in full', () => {
    const [from, to] = [`r.example/a@${digestOf('1')}`, 'r.example/a:2'];
    const changes = [{ change: 'updated', kind: 'image', id: to, from, to, bytes: 0 }] as const;
    expect(formatDiff({ ...DIFF, changes })).toContain(`r.example/a  ${digestOf('1').slice(0, 19)}… → 2`);
  });

  it('cannot be told to lie by a name with control characters', () => {
    const changes = [
      { change: 'removed', kind: 'file', id: 'a\u001b[1A\u001b[2K\nadded  b', bytes: 0 },
    ] as const;
    const text = formatDiff({ ...DIFF, changes });
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').filter((line) => line.startsWith('added'))).toEqual([]);
  });
});

describe('what belongs to images in a difference', () => {
  const signature = { type: 'signature', subject: digestOf('image'), root: digestOf('signature') };
  const key = { by: 'cosign-key', key: digestOf('key') } as const;
  const identity = {
    by: 'cosign-identity',
    identity: 'ci@example.org',
    issuer: 'https://i.example',
  } as const;

  it('is said beside the image, what is lost first, and lost checks once more at the end', () => {
    const text = formatDiff({
      ...DIFF,
      changes: [
        {
          change: 'attached',
          kind: 'image',
          id: 'r.example/a:1',
          attached: {
            added: [{ ...signature, type: 'sbom' }],
            removed: [signature, signature],
            unchecked: [key],
          },
          bytes: 0,
        },
        {
          change: 'moved',
          kind: 'image',
          id: 'r.example/b:1',
          from: digestOf('a'),
          to: digestOf('b'),
          attached: { added: [signature], checked: [identity] },
          filtered: true,
          bytes: 1000,
        },
      ],
    });
    const lines = text.split('\n').map((line) => line.trim().replace(/ {2,}/g, '  '));
    expect(lines).toContain(
      `same  r.example/a:1  no longer signed by key ${digestOf('key').slice(0, 19)}…; without 2 × signature; with sbom`,
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^moved {2}r\.example\/b:1 .* 1\.00 kB new {2}signed by ci@example\.org \(https:\/\/i\.example\); with signature; filtered index$/,
      ),
    );
    expect(lines).toContain(
      "Upstream's signature was checked before and is not any more: image r.example/a:1.",
    );
    expect(text).toContain(
      "1 image is a filtered index: upstream's signature over the index does not cover it;",
    );
  });

  it('cannot lie to a terminal', () => {
    const type = 'sbom\u001b[2K';
    const changes = [
      {
        change: 'added',
        kind: 'image',
        id: 'r.example/a:1',
        attached: { added: [{ ...signature, type }] },
        bytes: 0,
      },
    ] as const;
    expect(formatDiff({ ...DIFF, changes })).not.toContain('\u001b');
  });
});

describe('a provenance in a difference', () => {
  it('is told by the key that signed it, and when it is gone', () => {
    const check = { by: 'helm-provenance', fingerprint: 'ab'.repeat(20) } as const;
    const chart = { kind: 'chart', id: 'charts.example/c:1', bytes: 0 } as const;
    const signed = `signed by OpenPGP key ${check.fingerprint}`;
    expect(
      formatDiff({ ...DIFF, changes: [{ change: 'added', ...chart, attached: { checked: [check] } }] }),
    ).toContain(signed);
    const gone = formatDiff({
      ...DIFF,
      changes: [{ change: 'attached', ...chart, attached: { unchecked: [check] } }],
    });
    expect(gone).toContain(`no longer ${signed}`);
    expect(gone).toContain('and is not any more: chart charts.example/c:1.');
  });
});

describe('what names a new item', () => {
  it('is said beside it, once, with how many more there are', () => {
    const namedBy = ['chart charts.example/historian:4.2.0', 'chart charts.example/mqtt:1.0.0'];
    const changes = [
      { change: 'added', kind: 'image', id: 'docker.io/library/new:1', bytes: 0, namedBy },
    ] as const;
    expect(formatDiff({ ...DIFF, changes })).toMatch(
      /added {2}docker\.io\/library\/new:1 +named by chart charts\.example\/historian:4\.2\.0 and 1 more/,
    );
  });

  it('is said of charts and repositories too', () => {
    const namedBy = ['git g.example/ops'];
    const changes = [
      { change: 'added', kind: 'chart', id: 'charts.example/c:1', bytes: 0, namedBy },
      { change: 'added', kind: 'git', id: 'g.example/apps', bytes: 0, namedBy },
    ] as const;
    const text = formatDiff({ ...DIFF, changes });
    expect(text).toMatch(/added {2}charts\.example\/c:1 +named by git g\.example\/ops\n/);
    expect(text).toMatch(/added {2}g\.example\/apps +named by git g\.example\/ops\n/);
  });
});

describe('a difference for programs', () => {
  it('says its format and keeps digests whole', () => {
    const json = JSON.parse(JSON.stringify(toDiffJson(DIFF)));
    expect(json).toEqual({ format: 'gapferry.diff/1', ...DIFF });
  });
});

describe('commit counts', () => {
  it('are asked for moved refs only, each question once, and may be unknown', async () => {
    const asked: string[] = [];
    const git = DIFF.changes.find(({ change }) => change === 'refs');
    if (git?.change !== 'refs') throw new Error('no refs');
    const twice = { ...git, refs: [...git.refs, { name: 'refs/heads/other', from: OLD, to: NEW }] };
    const diff = await withCommitCounts({ ...DIFF, changes: [twice] }, async (id, from, to) => {
      asked.push(`${id} ${from[0]} ${to[0]}`);
      return from === OLD ? { added: 1, removed: 0 } : undefined;
    });
    expect(asked).toEqual(['git.example/ops/line-a 1 2', 'git.example/ops/line-a 2 1']);
    const [change] = diff.changes;
    expect(change?.change === 'refs' && change.refs.map(({ commits }) => commits?.added)).toEqual([
      undefined,
      1,
      undefined,
      undefined,
      1,
    ]);
    expect(formatDiff(diff)).toMatch(/rewritten +2{12} → 1{12}\n/);
  });

  it('says which files of Git LFS came and went', () => {
    const change = {
      change: 'refs',
      kind: 'git',
      id: 'git.example/ops/models',
      refs: [],
      lfs: { added: 2, removed: 1 },
      bytes: 4096,
    } as const;
    expect(formatDiff({ ...DIFF, changes: [change] })).toContain('Git LFS  2 new, 1 gone');
  });

  it('says that a history is cut', () => {
    const change = {
      change: 'refs',
      kind: 'git',
      id: 'git.example/ops/line-a',
      refs: [],
      cuts: { from: 0, to: 2 },
      bytes: 4096,
    } as const;
    expect(formatDiff({ ...DIFF, changes: [change] })).toContain('history  whole → cut in 2 places');
  });
});

describe('a directory that changed', () => {
  const files = [
    { path: 'bin/run', from: digestOf('a'), to: digestOf('a'), executable: true },
    { path: 'doc/a', from: digestOf('a'), to: digestOf('b') },
    { path: 'doc/b', from: digestOf('a') },
    ...Array.from({ length: 30 }, (_, i) => ({ path: `new/${i}`, to: digestOf('b') })),
  ];
  const diff: ReleaseDiff = {
    ...DIFF,
    changes: [{ change: 'files', kind: 'file', id: 'kit/', files, bytes: 70_000 }],
  };

  it('shows what changed in it, and how much more', () => {
    const lines = formatDiff(diff).split('\n').slice(2, 27);
    expect(lines.slice(0, 5)).toEqual([
      'Files',
      '  changed  kit/  30 added, 2 changed, 1 removed  70.0 kB new',
      '    changed  kit/bin/run  executable now',
      '    changed  kit/doc/a',
      '    removed  kit/doc/b',
    ]);
    expect(lines[22]).toBe('    and 13 more in kit/');
  });

  it('is whole for programs', () => {
    expect(toDiffJson(diff).changes[0]).toMatchObject({ change: 'files', files });
  });
});
