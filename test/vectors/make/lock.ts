import { ABOUT, WRONG_ABOUT } from './about.ts';
import { lockFileVectors } from './lock-files.ts';
import { digest } from './openssl.ts';
import { refusals, type Vector } from './vector.ts';

const refused = refusals('bundle.lock.json');

interface LooseLock {
  [name: string]: unknown;
  pins: Record<string, unknown>[];
}

export function lockVectors(): Vector[] {
  return [...goodLocks(), ...wrongBytes(), ...wrongPins(), ...lockFileVectors()];
}

const COMMITS = ['1a', 'c0'].map((byte) => byte.repeat(20));
const LFS = ['0a', 'f0'].map((byte, i) => ({ oid: `sha256:${byte.repeat(32)}`, size: 1000 + i }));

function gitRefusals(): Vector[] {
  const wrong = (name: string, why: string, members: object): Vector =>
    refused(
      name,
      why,
      pins((all) => Object.assign(all[3] ?? {}, members)),
      'CONFIG_INVALID',
      ['pins[3]'],
    );
  return [
    wrong('lfs-empty', 'Git LFS without objects', { lfs: [] }),
    wrong('lfs-out-of-order', 'LFS objects out of order', { lfs: [...LFS].reverse() }),
    wrong('lfs-twice', 'the same LFS object twice', { lfs: [LFS[0], LFS[0]] }),
    wrong('lfs-bare-id', 'an id without its algorithm', { lfs: [{ oid: '0a'.repeat(32), size: 1 }] }),
    wrong('lfs-of-tips', 'what is usual is not written', { lfsOf: 'tips' }),
    wrong('commits-empty', 'a list of submodules without commits', { commits: [] }),
    wrong('commits-out-of-order', 'commits out of order', { commits: [...COMMITS].reverse() }),
    wrong('commits-twice', 'the same commit twice', { commits: [COMMITS[0], COMMITS[0]] }),
    wrong('commits-short', 'a commit by the beginning of its id', { commits: ['1a2b3c4'] }),
  ];
}

function aboutRefusals(): Vector[] {
  return WRONG_ABOUT.map(([name, why, about]) =>
    refused(
      name,
      why,
      pins((all) => Object.assign(all[3] ?? {}, { about })),
      'CONFIG_INVALID',
      ['pins[3]'],
    ),
  );
}

function goodLocks(): Vector[] {
  const json = text(lock());
  return [
    good('good', 'one pin of every kind', json, {
      pins: [
        { kind: 'chart', from: 'oci' },
        { kind: 'chart', from: 'repository' },
        { kind: 'file' },
        { kind: 'git' },
        { kind: 'image' },
      ],
    }),
    good(
      'good-depth',
      'a repository whose history is cut',
      pins((all) => Object.assign(all[3] ?? {}, { depth: 1 })),
      { pins: [{}, {}, {}, { kind: 'git', depth: 1 }, {}] },
    ),
    good(
      'good-lfs',
      'a repository with two files in Git LFS, from all of its history',
      pins((all) => Object.assign(all[3] ?? {}, { lfs: LFS, lfsOf: 'all' })),
      { pins: [{}, {}, {}, { kind: 'git', lfs: LFS, lfsOf: 'all' }, {}] },
    ),
    good(
      'good-commits',
      'a repository that others have as a submodule at two commits',
      pins((all) => Object.assign(all[3] ?? {}, { commits: COMMITS })),
      { pins: [{}, {}, {}, { kind: 'git', commits: COMMITS }, {}] },
    ),
    good(
      'good-about',
      'a repository, and what its host says of it',
      pins((all) => Object.assign(all[3] ?? {}, { about: ABOUT })),
      { pins: [{}, {}, {}, { kind: 'git', about: ABOUT }, {}] },
    ),
    good('good-empty', 'a bundle that wants nothing', text({ ...lock(), pins: [] }), { pins: [] }),
    good(
      'good-reformatted',
      'people may format the file as they like',
      JSON.stringify(lock(), undefined, 8),
      { bundle: 'line-a' },
    ),
    good(
      'good-attachments',
      'what belongs to an image and to a chart is pinned with it',
      pins((all) => {
        Object.assign(all[0] ?? {}, { attachments: [attachment(digest('content of manifest'))] });
        Object.assign(all[4] ?? {}, { attachments: [attachment(digest('content of index'))] });
      }),
      {
        pins: [
          { attachments: [{ subject: digest('content of manifest') }] },
          {},
          {},
          {},
          { attachments: [{ subject: digest('content of index') }] },
        ],
      },
    ),
    good(
      'good-place',
      'an image from this machine, without its attestations',
      pins((all) =>
        Object.assign(all[4] ?? {}, {
          attestations: 'drop',
          from: { path: '../drop/app.tar', select: 'app' },
        }),
      ),
      { pins: [{}, {}, {}, {}, { attestations: 'drop', from: { path: '../drop/app.tar', select: 'app' } }] },
    ),
    good(
      'good-local-chart',
      'a chart from this machine, without any address',
      pins((all) => {
        const { url: _, ...chart } = all[1] ?? {};
        all[1] = { ...chart, from: 'local', path: '../charts/nginx' };
      }),
      { pins: [{}, { from: 'local', path: '../charts/nginx' }, {}, {}, {}] },
    ),
    good(
      'good-named-by',
      'an image that is there because a chart names it, and one that is waived',
      text(discovered(lock())),
      {
        pins: [{ rendered: digest('values') }, {}, {}, {}, { namedBy: [NAMED_BY] }],
        waived: [{ image: 'docker.io/library/busybox:1', namedBy: [NAMED_BY] }],
      },
    ),
    good(
      'good-found',
      'the digest of what was found',
      text({ ...discovered(lock()), found: digest('found') }),
      { found: digest('found') },
    ),
    good(
      'good-named-by-git',
      'a chart of each form and a repository that content points to, and one of every kind that is waived',
      text(pointedTo(lock())),
      {
        pins: [
          { namedBy: [APPLICATION], rendered: digest('values') },
          { namedBy: [APPLICATION] },
          {},
          { namedBy: [APPLICATION] },
          {},
        ],
        waived: WAIVED,
      },
    ),
    good(
      'good-local-chart-named',
      'a chart from this machine whose name content has as well',
      pins((all) => {
        const { url: _, ...chart } = all[1] ?? {};
        all[1] = { ...chart, from: 'local', path: '../charts/nginx', namedBy: [APPLICATION] };
      }),
      { pins: [{}, { from: 'local', namedBy: [APPLICATION] }, {}, {}, {}] },
    ),
  ];
}

const APPLICATION = {
  item: 'git git.example.org/ops/config',
  method: 'custom-resource',
  file: 'apps/nginx.yaml',
  object: 'Application/nginx',
  path: 'spec.source',
};

const WAIVED = [
  { chart: 'charts.example.org/stable/debug:1.0.0', namedBy: [APPLICATION] },
  { git: 'git.example.org/ops/debug', namedBy: [APPLICATION] },
  { image: 'docker.io/library/busybox:1', namedBy: [APPLICATION] },
];

function pointedTo(whole: LooseLock): LooseLock {
  for (const i of [0, 1, 3]) Object.assign(whole.pins[i] ?? {}, { namedBy: [APPLICATION] });
  Object.assign(whole.pins[0] ?? {}, { rendered: digest('values') });
  return { ...whole, waived: WAIVED };
}

const NAMED_BY = {
  item: 'chart ghcr.io/org/charts/app:2.0.1',
  method: 'pod-template',
  file: 'app/templates/deployment.yaml',
  object: 'Deployment/app',
  path: 'spec.template.spec.containers[0].image',
};

function discovered(whole: LooseLock): LooseLock {
  Object.assign(whole.pins[0] ?? {}, { rendered: digest('values') });
  Object.assign(whole.pins[4] ?? {}, { namedBy: [NAMED_BY] });
  return { ...whole, waived: [{ image: 'docker.io/library/busybox:1', namedBy: [NAMED_BY] }] };
}

function attachment(subject: string): object {
  return {
    subject,
    root: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digest('content of signature'),
      size: 20,
    },
    tag: `${subject.replace(':', '-')}.sig`,
  };
}

function wrongBytes(): Vector[] {
  const json = text(lock());
  return [
    refused(
      'unknown-major',
      'a format of the future',
      text({ ...lock(), format: 'gapferry.lock/2' }),
      'FORMAT_UNKNOWN',
    ),
    refused('no-format', 'no member format', text({ ...lock(), format: undefined }), 'FORMAT_UNKNOWN'),
    refused('truncated', 'the last brace is missing', json.trimEnd().slice(0, -1), 'JSON_INVALID'),
    refused('trailing-bytes', 'a word after the end', `${json}x`, 'JSON_INVALID'),
    refused(
      'conflict-markers',
      'a merge that nobody finished',
      `<<<<<<< ours\n${json}=======\n${json}>>>>>>> theirs\n`,
      'JSON_INVALID',
    ),
    refused('proto-member', 'a member __proto__', json.replace('{', '{"__proto__":{},'), 'JSON_INVALID'),
    refused(
      'deep',
      'thirteen levels',
      json.replace('"pins": [', `"pins": [${'['.repeat(13)}${']'.repeat(13)},`),
      'LIMIT_EXCEEDED',
    ),
  ];
}

function wrongPins(): Vector[] {
  return [
    refused(
      'unknown-member',
      'a member this version does not know',
      text({ ...lock(), packs: [] }),
      'CONFIG_INVALID',
      ['packs'],
    ),
    refused(
      'unknown-kind',
      'a pin of another kind',
      pins((all) => Object.assign(all[0] ?? {}, { kind: 'model' })),
      'CONFIG_INVALID',
    ),
    refused(
      'local-chart-with-url',
      'a chart that is on this machine and elsewhere',
      pins((all) => Object.assign(all[1] ?? {}, { from: 'local', path: '../charts/nginx' })),
      'CONFIG_INVALID',
    ),
    refused(
      'pin-to-tag',
      'an image that is pinned to a tag',
      pins((all) => Object.assign(all[4] ?? {}, { root: 'docker.io/library/nginx:1.27.3' })),
      'CONFIG_INVALID',
      ['pins[4]'],
    ),
    refused(
      'pin-to-branch',
      'a ref that is pinned to a name',
      pins((all) => Object.assign(all[3] ?? {}, { refs: [{ name: 'refs/heads/main', oid: 'main' }] })),
      'CONFIG_INVALID',
      ['pins[3]'],
    ),
    refused(
      'pin-sha1',
      'a file that is pinned by sha1',
      pins((all) => Object.assign(all[2] ?? {}, { sha256: `sha1:${'a'.repeat(40)}` })),
      'CONFIG_INVALID',
      ['pins[2]'],
    ),
    refused(
      'attachment-to-tag',
      'an attachment that is pinned to its tag alone',
      pins((all) =>
        Object.assign(all[4] ?? {}, {
          attachments: [{ ...attachment(digest('content of index')), root: undefined }],
        }),
      ),
      'CONFIG_INVALID',
      ['pins[4].attachments[0].root'],
    ),
    refused(
      'attachments-empty',
      'a list of attachments without entries',
      pins((all) => Object.assign(all[4] ?? {}, { attachments: [] })),
      'CONFIG_INVALID',
      ['pins[4].attachments'],
    ),
    refused(
      'found-bare',
      'what was found by a digest without its algorithm',
      text({ ...discovered(lock()), found: digest('found').replace('sha256:', '') }),
      'CONFIG_INVALID',
      ['found'],
    ),
    refused(
      'named-by-empty',
      'a list of what names an image without entries',
      pins((all) => Object.assign(all[4] ?? {}, { namedBy: [] })),
      'CONFIG_INVALID',
      ['pins[4].namedBy'],
    ),
    refused(
      'named-by-on-file',
      'a file that something names',
      pins((all) => Object.assign(all[2] ?? {}, { namedBy: [NAMED_BY] })),
      'CONFIG_INVALID',
    ),
    refused(
      'named-by-on-git-control',
      'a repository that is named in a place with control characters',
      pins((all) => Object.assign(all[3] ?? {}, { namedBy: [{ ...APPLICATION, file: 'a\u001b[2K' }] })),
      'CONFIG_INVALID',
      ['pins[3].namedBy[0].file'],
    ),
    refused(
      'named-by-on-chart-empty',
      'a list of what names a chart without entries',
      pins((all) => Object.assign(all[0] ?? {}, { namedBy: [] })),
      'CONFIG_INVALID',
      ['pins[0].namedBy'],
    ),
    refused(
      'waived-two-kinds',
      'an entry that is an image and a chart',
      text({
        ...lock(),
        waived: [
          { image: 'docker.io/library/a:1', chart: 'charts.example.org/a:1.0.0', namedBy: [APPLICATION] },
        ],
      }),
      'CONFIG_INVALID',
      ['waived[0]'],
    ),
    refused(
      'waived-file',
      'a file that is waived',
      text({ ...lock(), waived: [{ file: 'k3s/v1.31.2/k3s', namedBy: [APPLICATION] }] }),
      'CONFIG_INVALID',
      ['waived[0]'],
    ),
    refused(
      'waived-unnamed',
      'a repository that is waived although nothing names it',
      text({ ...lock(), waived: [{ git: 'git.example.org/ops/debug', namedBy: [] }] }),
      'CONFIG_INVALID',
      ['waived[0].namedBy'],
    ),
    refused(
      'rendered-values',
      'the values themselves in the place of their digest',
      pins((all) => Object.assign(all[0] ?? {}, { rendered: { replicas: 2 } })),
      'CONFIG_INVALID',
      ['pins[0].rendered'],
    ),
    refused(
      'waived-empty',
      'a list of waived images without entries',
      text({ ...lock(), waived: [] }),
      'CONFIG_INVALID',
      ['waived'],
    ),
    refused(
      'attestations-kept',
      'what is implied is not said',
      pins((all) => Object.assign(all[4] ?? {}, { attestations: 'keep' })),
      'CONFIG_INVALID',
      ['pins[4].attestations'],
    ),
    refused(
      'depth-zero',
      'a history without commits',
      pins((all) => Object.assign(all[3] ?? {}, { depth: 0 })),
      'CONFIG_INVALID',
      ['pins[3]'],
    ),
    ...gitRefusals(),
    ...aboutRefusals(),
    refused(
      'ref-name-option',
      'a ref that looks like an option',
      pins((all) =>
        Object.assign(all[3] ?? {}, { refs: [{ name: '--upload-pack=x', oid: 'a'.repeat(40) }] }),
      ),
      'CONFIG_INVALID',
      ['pins[3]'],
    ),
  ];
}

function lock(): LooseLock {
  const wish = digest('a wish');
  const manifest = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digest('content of manifest'),
    size: 19,
  };
  const index = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: digest('content of index'),
    size: 16,
  };
  return {
    bundle: 'line-a',
    format: 'gapferry.lock/1',
    pins: [
      {
        from: 'oci',
        id: 'ghcr.io/org/charts/app:2.0.1',
        kind: 'chart',
        name: 'app',
        root: manifest,
        version: '2.0.1',
        wish,
      },
      {
        archive: digest('content of chart-archive'),
        from: 'repository',
        id: 'charts.example.org/stable/nginx:4.11.3',
        kind: 'chart',
        name: 'nginx',
        url: 'https://charts.example.org/stable/nginx-4.11.3.tgz',
        version: '4.11.3',
        wish,
      },
      {
        id: 'k3s/v1.31.2/k3s',
        kind: 'file',
        sha256: digest('content of file'),
        url: 'https://files.example.org/k3s',
        wish,
      },
      {
        head: 'refs/heads/main',
        id: 'git.example.org/ops/config',
        kind: 'git',
        objectFormat: 'sha1',
        refs: [{ name: 'refs/heads/main', oid: '1f6f4f1a5b4a7c1b7f6f6f0f9c6f0a6b0c1d2e3f' }],
        url: 'https://git.example.org/ops/config.git',
        wish,
      },
      { id: 'docker.io/library/nginx:1.27.3', kind: 'image', platforms: ['linux/amd64'], root: index, wish },
    ],
  };
}

function pins(change: (pins: Record<string, unknown>[]) => unknown): string {
  const changed = lock();
  change(changed.pins);
  return text(changed);
}

function text(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function good(name: string, why: string, lock: string, result: unknown): Vector {
  return { name, files: { 'bundle.lock.json': lock }, expect: { why, accept: true, result } };
}
