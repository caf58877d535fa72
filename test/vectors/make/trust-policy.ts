import { digest, newKey, spki } from './openssl.ts';
import { sortedJson, type Vector } from './vector.ts';

const keys = {
  'collector.pub': newKey().publicPem,
  'anna.pub': newKey('ed25519').publicPem,
  'rsa.pub': newKey('rsa').publicPem,
  'two.pub': newKey().publicPem + newKey().publicPem,
  'org.pub': newKey('rsa').publicPem,
};
/** Of a trusted root nothing but its shape and its bytes count here. */
const trustedRoot = '{"certificateAuthorities": [{"uri": "https://fulcio.example"}], "tlogs": []}\n';

/** Of files of signers nothing but their bytes counts here; a keyring is binary. */
const signers = 'ada@example.org ssh-ed25519 AAAA\n';
const keyring = Buffer.from([0x99, 0x00, 0xff, 0xfe]);

const MINIMAL = `format: gapferry.trust/1
version: 1
keys:
  collector-2026: {file: keys/collector.pub, owner: staging-team}
channels:
  line-a:
    allow: {images: ["docker.io/**"]}
    require:
      - {role: collector, keys: [collector-2026], count: 1}
`;

const FULL = `format: gapferry.trust/1
version: 3
roots: {threshold: 1, keys: [anna]}
keys:
  collector-2026: {file: keys/collector.pub, owner: staging-team, notAfter: 2027-12-31}
  anna: {file: keys/anna.pub, owner: anna}
channels:
  line-a:
    allow: {images: ["docker.io/library/**", "ghcr.io/org/**"], charts: ["**"], git: ["git.example.org/ops/**"], files: ["k3s/**"]}
    require:
      - {role: collector, keys: [collector-2026], count: 1}
      - {role: approver, keys: [anna], count: 1, distinctFrom: [collector]}
    deny: {keys: [], releases: ["sha256:${'a'.repeat(64)}"]}
    expired: refuse
    scan: {required: true, maxAgeDays: 7}
    mark: {sequence: 40, statement: "sha256:${'b'.repeat(64)}"}
upstream:
  - {match: "ghcr.io/org/**", cosign: {key: keys/org.pub}}
  - match: docker.io/library/**
    cosign: {identity: ci@example.org, issuer: "https://issuer.example", trustedRoot: keys/root.json}
refreshBy: 2027-06-30
`;

export function trustPolicyVectors(): Vector[] {
  return [
    ...goodPolicies(),
    ...wrongMembers(),
    ...wrongYaml(),
    ...gitPolicyVectors(),
    ...contentPolicyVectors(),
    ...overridePolicyVectors(),
  ];
}

/** Policies that say who may order that a channel goes back. */
export function overridePolicyVectors(): Vector[] {
  const overrides = (entry: string): string =>
    MINIMAL.replace('channels:', '  anna: {file: keys/anna.pub, owner: anna}\nchannels:') +
    `    overrides:\n      - ${entry}\n`;
  const rule = { role: 'approver', keys: ['anna', 'collector-2026'], count: 2 };
  return [
    good(
      'good-overrides',
      'who may order that the channel goes back to an older release',
      overrides('{role: approver, keys: [anna, collector-2026], count: 2}'),
      {
        digest: fingerprint(
          { ...CHANNEL, overrides: [rule] },
          {
            version: 1,
            keys: {
              'collector-2026': { owner: 'staging-team', spki: spkiOf('collector.pub') },
              anna: { owner: 'anna', spki: spkiOf('anna.pub') },
            },
          },
        ),
      },
    ),
    refused(
      'overrides-unknown-key',
      'a key that is not there',
      overrides('{role: approver, keys: [boris], count: 1}'),
      ['trust.yaml:12', '"boris"'],
    ),
    refused(
      'overrides-of-nobody',
      'an override that nobody need have signed',
      overrides('{role: approver, keys: [anna], count: 0}'),
      ['trust.yaml:12'],
    ),
    refused(
      'overrides-unknown-role',
      'a role that is none',
      overrides('{role: operator, keys: [anna], count: 1}'),
      ['trust.yaml:12'],
    ),
  ];
}

/** Policies that say who signs Git repositories. */
export function gitPolicyVectors(): Vector[] {
  const upstream = (entry: string): string => `${MINIMAL}upstream:\n  - ${entry}\n`;
  const refs = ['refs/tags/*', 'HEAD'];
  return [
    good(
      'good-git-signers',
      'who must have signed the refs of repositories',
      upstream(
        '{match: "git.example.org/ops/**", git: {allowedSigners: keys/signers, keyring: keys/up.gpg, refs: ["refs/tags/*", HEAD]}}',
      ),
      {
        upstream: [{ match: 'git.example.org/ops/**', refs }],
        digest: fingerprint(CHANNEL, {
          version: 1,
          keys: { 'collector-2026': { owner: 'staging-team', spki: spkiOf('collector.pub') } },
          upstream: [
            {
              match: 'git.example.org/ops/**',
              git: { allowedSigners: digest(signers), keyring: digest(keyring), refs },
            },
          ],
        }),
      },
    ),
    refused(
      'git-signers-nobody',
      'a demand on repositories that names nobody',
      upstream('{match: "**", git: {refs: [HEAD]}}'),
      ['trust.yaml:11', 'names nobody'],
    ),
    refused(
      'git-signers-missing',
      'a file of signers that is not there',
      upstream('{match: "**", git: {allowedSigners: keys/none}}'),
      ['trust.yaml:11', 'keys/none'],
    ),
    refused(
      'git-signers-and-cosign',
      'a demand on images and on repositories in one',
      upstream('{match: "**", git: {keyring: keys/up.gpg}, cosign: {key: keys/org.pub}}'),
      ['trust.yaml:11'],
    ),
    refused(
      'git-signers-short-name',
      'a demand on repositories that could never fit a name',
      upstream('{match: ops/app, git: {keyring: keys/up.gpg}}'),
      ['trust.yaml:11', 'fits no name'],
    ),
  ];
}

/** Policies that say how old content may be. */
export function contentPolicyVectors(): Vector[] {
  const content = (entry: string): string => `${MINIMAL}content:\n  - ${entry}\n`;
  const rules = [
    { kind: 'clamav-db', maxAgeDays: 7 },
    { match: 'ghcr.io/aquasecurity/trivy-db', kind: 'trivy-db', maxAgeDays: 14 },
  ];
  return [
    good(
      'good-content-ages',
      'how old content may be that comes in',
      content(
        '{maxAgeDays: 7, kind: clamav-db}\n  - {match: ghcr.io/aquasecurity/trivy-db, kind: trivy-db, maxAgeDays: 14}',
      ),
      {
        content: rules,
        digest: fingerprint(CHANNEL, {
          version: 1,
          keys: { 'collector-2026': { owner: 'staging-team', spki: spkiOf('collector.pub') } },
          content: rules,
        }),
      },
    ),
    refused('content-of-nothing', 'an age of nothing', content('{maxAgeDays: 7}'), [
      'trust.yaml:11',
      'names nothing',
    ]),
    refused('content-unknown-kind', 'a kind that nobody knows', content('{kind: virus-db, maxAgeDays: 7}'), [
      'trust.yaml:11',
    ]),
    refused('content-no-age', 'a kind without an age', content('{kind: clamav-db}'), ['trust.yaml:11']),
  ];
}

function goodPolicies(): Vector[] {
  const least = { version: 1, keys: [{ id: 'collector-2026', owner: 'staging-team' }] };
  const digestOfLeast = fingerprint(CHANNEL, {
    version: 1,
    keys: { 'collector-2026': { owner: 'staging-team', spki: spkiOf('collector.pub') } },
  });
  const whole = {
    version: 3,
    keys: [{ notAfter: '2027-12-31T23:59:59Z' }, { id: 'anna' }],
    refreshBy: '2027-06-30T23:59:59Z',
  };
  const notEnforced = ['scan.required', 'require.approver', 'require.distinctFrom'];
  return [
    good('good', 'the least a policy can say', MINIMAL, { ...least, digest: digestOfLeast }),
    good('good-comments', 'comments, order and line breaks do not change the fingerprint', REFORMATTED, {
      ...least,
      digest: digestOfLeast,
    }),
    good(
      'good-full',
      'every member; what this version cannot enforce is listed per channel',
      FULL,
      { ...whole, digest: fingerprint(WHOLE_CHANNEL, WHOLE) },
      { 'line-a': notEnforced },
    ),
  ];
}

const REFORMATTED = `# the same, said otherwise
channels:
  line-a:
    require:
      - count: 1
        role: collector
        keys:
          - collector-2026   # ours
    allow:
      images: ['docker.io/**']
keys: {"collector-2026": {owner: "staging-team", file: keys/collector.pub}}
version: 1
format: "gapferry.trust/1"
`;

const CHANNEL = {
  allow: { images: ['docker.io/**'] },
  require: [{ role: 'collector', keys: ['collector-2026'], count: 1 }],
};
const WHOLE_CHANNEL = {
  allow: {
    images: ['docker.io/library/**', 'ghcr.io/org/**'],
    charts: ['**'],
    git: ['git.example.org/ops/**'],
    files: ['k3s/**'],
  },
  require: [CHANNEL.require[0], { role: 'approver', keys: ['anna'], count: 1, distinctFrom: ['collector'] }],
  deny: { keys: [], releases: [`sha256:${'a'.repeat(64)}`] },
  expired: 'refuse',
  scan: { required: true, maxAgeDays: 7 },
  mark: { sequence: 40, statement: `sha256:${'b'.repeat(64)}` },
};
const WHOLE = {
  version: 3,
  roots: { threshold: 1, keys: ['anna'] },
  keys: {
    'collector-2026': {
      owner: 'staging-team',
      spki: spkiOf('collector.pub'),
      notAfter: '2027-12-31T23:59:59Z',
    },
    anna: { owner: 'anna', spki: spkiOf('anna.pub') },
  },
  upstream: [
    { match: 'ghcr.io/org/**', cosign: { spki: spkiOf('org.pub') } },
    {
      match: 'docker.io/library/**',
      cosign: {
        identity: 'ci@example.org',
        issuer: 'https://issuer.example',
        trustedRoot: digest(trustedRoot),
      },
    },
  ],
  refreshBy: '2027-06-30',
};

function fingerprint(channel: object, members: object): string {
  return digest(sortedJson({ format: 'gapferry.trust/1', channels: { 'line-a': channel }, ...members }));
}

function spkiOf(file: keyof typeof keys): string {
  return `sha256:${spki(keys[file])}`;
}

function wrongMembers(): Vector[] {
  const change = (from: string | RegExp, to: string): string => MINIMAL.replace(from, to);
  return [
    refused('unknown-major', 'a format of the future', change('trust/1', 'trust/2'), [
      'gapferry.trust/1',
      'trust.yaml:1:9',
    ]),
    refused('empty', 'an empty file', '', ['gapferry.trust/1']),
    refused(
      'unknown-member',
      'a member this version does not know, with its place and the likely word',
      change('owner:', 'ownr:'),
      ['trust.yaml:4'],
    ),
    refused(
      'unknown-key',
      'a rule with a key that is not among keys',
      change('keys: [collector-2026]', 'keys: [boris]'),
      ['trust.yaml:9', 'boris'],
    ),
    refused(
      'no-collector',
      'a channel to which nobody could send',
      change('role: collector', 'role: approver'),
      ['collector'],
    ),
    refused('no-rule', 'a channel without a rule', change(/require:\n.*\n/, 'require: []\n'), ['require']),
    refused('count-zero', 'a rule that wants nobody', change('count: 1', 'count: 0'), ['count']),
    refused(
      'same-key-twice',
      'one key under two owners, who would count twice',
      change('channels:', '  anna: {file: keys/collector.pub, owner: anna}\nchannels:'),
      ['anna', 'collector-2026'],
    ),
    refused('rsa-key', 'an RSA key', change('keys/collector.pub', 'keys/rsa.pub'), ['collector-2026']),
    refused(
      'two-keys-in-a-file',
      'a key file with two keys, of which only one would be looked at',
      change('keys/collector.pub', 'keys/two.pub'),
      ['collector-2026'],
    ),
    refused(
      'key-file-missing',
      'a key file that is not there',
      change('keys/collector.pub', 'keys/none.pub'),
      ['collector-2026'],
    ),
    refused('version-zero', 'version 0', change('version: 1', 'version: 0'), ['trust.yaml:2']),
    refused('version-text', 'a version in quotes', change('version: 1', 'version: "1"'), ['trust.yaml:2']),
    refused(
      'date-impossible',
      'the 30th of February',
      change('owner: staging-team', 'owner: staging-team, notAfter: 2027-02-30'),
      ['trust.yaml:4'],
    ),
    refused('channel-escapes', 'a channel that is a path', change('line-a:', '../line-a:'), ['trust.yaml']),
    refused(
      'denied-release-short',
      'a denied release whose digest is cut',
      change('allow:', 'deny: {releases: ["sha256:12"]}\n    allow:'),
      ['trust.yaml:7'],
    ),
    refused(
      'upstream-root-is-none',
      'an identity under something that is no trusted root',
      `${MINIMAL}upstream:\n  - {match: "**", cosign: {identity: i, issuer: s, trustedRoot: keys/org.pub}}\n`,
      ['trust.yaml:11', 'trusted root'],
    ),
    refused(
      'upstream-key-missing',
      'a demand on upstream whose key file is not there',
      `${MINIMAL}upstream:\n  - {match: "**", cosign: {key: keys/none.pub}}\n`,
      ['trust.yaml:11'],
    ),
    refused(
      'upstream-short-name',
      'a demand on upstream that could never fit a full name',
      `${MINIMAL}upstream:\n  - {match: nginx, cosign: {key: keys/org.pub}}\n`,
      ['trust.yaml:11'],
    ),
    refused(
      'upstream-key-and-identity',
      'a demand that is two',
      `${MINIMAL}upstream:\n  - {match: "**", cosign: {key: keys/org.pub, identity: i, issuer: s, trustedRoot: keys/root.json}}\n`,
      ['trust.yaml:11'],
    ),
  ];
}

function wrongYaml(): Vector[] {
  const change = (from: string | RegExp, to: string): string => MINIMAL.replace(from, to);
  return [
    refused('duplicate-key', 'a member that occurs twice', `${MINIMAL}version: 9\n`, ['trust.yaml:10']),
    refused('two-documents', 'a second document', `${MINIMAL}---\n${MINIMAL}`, ['trust.yaml']),
    refused('alias-bomb', 'aliases that multiply', aliasBomb(), ['trust.yaml']),
    refused('tab', 'a tab that indents', change('  line-a:', '\tline-a:'), ['trust.yaml:6']),
    {
      name: 'oversized',
      files: files(MINIMAL),
      expect: {
        why: 'one byte over 1 MiB',
        refuse: 'CONFIG_INVALID',
        generate: { file: 'trust.yaml', fill: '#', size: 1_048_577 },
      },
    },
  ];
}

function aliasBomb(): string {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `  - &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`,
  );
  return `${MINIMAL}upstream:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n${levels.join('\n')}\n`;
}

function files(policy: string): Vector['files'] {
  return {
    'trust.yaml': policy,
    ...Object.fromEntries(Object.entries(keys).map(([name, pem]) => [`keys/${name}`, pem])),
    'keys/root.json': trustedRoot,
    ...(/keyring|allowedSigners/.test(policy) && { 'keys/signers': signers, 'keys/up.gpg': keyring }),
  };
}

function good(
  name: string,
  why: string,
  policy: string,
  result: unknown,
  unsupported: Record<string, string[]> = { 'line-a': [] },
): Vector {
  return { name, files: files(policy), expect: { why, accept: true, result, unsupported } };
}

function refused(name: string, why: string, policy: string, says: readonly string[]): Vector {
  return { name, files: files(policy), expect: { why, refuse: 'CONFIG_INVALID', says } };
}
