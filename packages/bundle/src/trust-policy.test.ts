import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Loose, policyOf, simulatedTrust, testKey } from './testing/index.ts';
import { parseTrustPolicy, spkiDigest, type TrustPolicy } from './trust-policy.ts';

const anna = testKey('anna');
const boris = testKey('boris');

const pemOf = (key: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer }): string =>
  key.export({ type: 'spki', format: 'pem' }).toString();

/** With key files, as a site writes it. */
const YAML = `format: gapferry.trust/1
version: 3
keys:
  anna: {file: keys/anna.pub, owner: anna, notAfter: 2027-12-31}
  boris: {file: keys/boris.pub, owner: boris}
channels:
  line-a:
    allow: {images: ["docker.io/library/**"], files: ["k3s/**"]}
    require:
      - {role: collector, keys: [anna, boris], count: 1}
    mark: {sequence: 40}
refreshBy: 2027-06-30
`;
const PEMS = new Map([
  ['keys/anna.pub', anna.publicPem],
  ['keys/boris.pub', boris.publicPem],
]);

function problemsOf(source: string, pems = PEMS): string {
  try {
    parseTrustPolicy(source, 'trust.yaml').complete(pems);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return error instanceof Error ? error.message : '';
  }
  throw new Error('it was accepted');
}

function bent(bend: (trust: Loose) => void): TrustPolicy {
  const trust = simulatedTrust(anna, boris);
  bend(trust);
  return policyOf(trust);
}

describe('a trust policy', () => {
  it('says which key files it needs, and reads them in', () => {
    const draft = parseTrustPolicy(YAML, 'trust.yaml');
    expect(draft.keyFiles).toEqual(['keys/anna.pub', 'keys/boris.pub']);
    const policy = draft.complete(PEMS);
    expect(policy).toMatchObject({ version: 3, refreshBy: '2027-06-30T23:59:59Z' });
    expect(policy.keys.map(({ id, owner, notAfter }) => [id, owner, notAfter])).toEqual([
      ['anna', 'anna', '2027-12-31T23:59:59Z'],
      ['boris', 'boris', undefined],
    ]);
  });

  it('allows nothing that it does not name', () => {
    const channel = parseTrustPolicy(YAML, 'trust.yaml').complete(PEMS).channels.get('line-a');
    expect(channel).toMatchObject({
      allow: { images: ['docker.io/library/**'], charts: [], git: [], files: ['k3s/**'] },
      deny: { keys: [], releases: [] },
      mark: { sequence: 40 },
      overrides: [],
      unsupported: [],
    });
  });

  it.each<[string, (channel: Loose, trust: Loose) => void]>([
    ['scan.required', (channel) => (channel.scan = { required: true })],
    ['require.approver', (channel) => channel.require.push({ role: 'approver', keys: ['boris'], count: 1 })],
    ['require.distinctFrom', (channel) => (channel.require[0].distinctFrom = ['approver'])],
  ])('that demands %s says that nobody checks it yet', (demand, bend) => {
    const policy = bent((trust) => bend(trust.channels['line-a'], trust));
    expect(policy.channels.get('line-a')?.unsupported).toEqual([demand]);
  });
});

describe('the age of content in a trust policy', () => {
  const rules = [
    { kind: 'trivy-db', maxAgeDays: 7 },
    { match: 'av/**', maxAgeDays: 3 },
  ];

  it('is read, and is part of the fingerprint', () => {
    const policy = bent((trust) => (trust.content = rules));
    expect(policy.content).toEqual(rules);
    expect(bent(() => {}).content).toEqual([]);
    const days = bent((trust) => (trust.content = [rules[0], { match: 'av/**', maxAgeDays: 4 }]));
    expect(new Set([policy.digest, days.digest, bent(() => {}).digest]).size).toBe(3);
  });

  it.each([
    [{ maxAgeDays: 7 }, 'names nothing: say kind, match, or both'],
    [{ kind: 'virus-db', maxAgeDays: 7 }, 'kind'],
    [{ kind: 'grype-db' }, 'maxAgeDays'],
    [{ kind: 'grype-db', maxAgeDays: 0 }, 'maxAgeDays'],
    [{ kind: 'grype-db', maxAge: '7d', maxAgeDays: 7 }, 'maxAge'],
  ])('is refused as %j', (rule, why) => {
    expect(() => bent((trust) => (trust.content = [rule]))).toThrow(why);
  });
});

describe('mistakes in a trust policy', () => {
  it('are told all at once, each with its place', () => {
    const source = YAML.replace('version: 3', 'version: 0')
      .replace('role: collector', 'role: colector')
      .replace('owner: boris', 'ownr: boris');
    const lines = problemsOf(source).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^trust\.yaml:2:\d+: version: /),
        expect.stringMatching(/^trust\.yaml:10:\d+: channels\.line-a\.require\[0\]\.role: /),
        expect.stringMatching(
          /^trust\.yaml:5:\d+: keys\.boris\.ownr: is not known here; did you mean "owner"\?/,
        ),
      ]),
    );
  });

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'a rule with a key that is not there',
      (text) => text.replace('keys: [anna, boris]', 'keys: [anna, carla]'),
      /trust\.yaml:10:\d+: .*require\[0\]\.keys\[1\]: the key "carla" is not among keys/,
    ],
    [
      'a denied key that is not there',
      (text) => text.replace('    mark:', '    deny: {keys: [carl]}\n    mark:'),
      /deny\.keys\[0\]: the key "carl" is not among keys/,
    ],
    [
      'a channel without collector',
      (text) => text.replace('role: collector', 'role: approver'),
      /names no collector/,
    ],
    ['a count of 0', (text) => text.replace('count: 1', 'count: 0'), /count/],
    ['a channel with a path in its name', (text) => text.replace('line-a:', '../line-a:'), /channels/],
    ['a date that is none', (text) => text.replace('2027-12-31', '2027-13-31'), /notAfter/],
    [
      'another document',
      (text) => text.replace('gapferry.trust/1', 'gapferry.site/1'),
      /format: must be gapferry\.trust\/1/,
    ],
    ['a duplicate key name', (text) => text.replace('  boris: {', '  anna: {'), /trust\.yaml:5:/],
    [
      'a release to deny that is no digest',
      (text) => text.replace('    mark:', '    deny: {releases: [abc]}\n    mark:'),
      /deny\.releases\[0\]/,
    ],
    ['a number that JSON does not have', (text) => `${text}upstream: [.nan]\n`, /upstream/],
  ])('%s', (_, change, expected) => {
    expect(problemsOf(change(YAML))).toMatch(expected);
  });

  it('a key file that is no public key, or the private one by mistake, is named and not shown', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const pem of ['', 'ssh-ed25519 AAAA', secret]) {
      const message = problemsOf(YAML, new Map([...PEMS, ['keys/anna.pub', pem]]));
      expect(message).toMatch(/^trust\.yaml:4:\d+: keys\.anna: is not exactly one public key in PEM/);
      expect(message).not.toContain('AAAA');
      expect(message).not.toContain(secret.split('\n')[1]);
    }
  });

  it('one key under two names would let one person count twice', () => {
    const twice = new Map([...PEMS, ['keys/boris.pub', anna.publicPem]]);
    expect(problemsOf(YAML, twice)).toMatch(/keys\.boris: is the same key as "anna"/);
  });
});

describe('names that JavaScript treats specially', () => {
  it('bring nobody and nothing in', () => {
    const tricky = YAML.replace('keys:\n', 'keys:\n  __proto__: {file: keys/boris.pub, owner: y}\n').replace(
      'channels:\n',
      'channels:\n  __proto__: {allow: {images: ["**"]}, require: [{role: collector, keys: [anna], count: 1}]}\n',
    );
    const policy = parseTrustPolicy(tricky, 'trust.yaml').complete(PEMS);
    expect(policy.keys.map(({ id }) => id)).toEqual(['anna', 'boris']);
    expect([...policy.channels.keys()]).toEqual(['line-a']);
    expect(Object.hasOwn(Object.prototype, 'owner')).toBe(false);
    expect(problemsOf(YAML.replace('keys: [anna, boris]', 'keys: [constructor]'))).toMatch(
      /"constructor" is not among keys/,
    );
  });
});

describe("a policy's digest", () => {
  const digest = (source: string, pems = PEMS): string =>
    parseTrustPolicy(source, 'trust.yaml').complete(pems).digest;

  it('does not depend on spelling, comments, or where key files lie', () => {
    const moved = YAML.replace('keys/anna.pub', 'elsewhere/a.pub')
      .replace('version: 3', 'version: 3 # a comment')
      .replace('["k3s/**"]', '["k3s\\u002f**"]');
    expect(digest(moved, new Map([...PEMS, ['elsewhere/a.pub', anna.publicPem]]))).toBe(digest(YAML));
  });

  it.each<[string, string, string]>([
    ['version', 'version: 3', 'version: 4'],
    ['scope', 'k3s/**', '**'],
    ['owner', 'owner: boris', 'owner: anna'],
    ['end of a key', 'notAfter: 2027-12-31', 'notAfter: 2028-12-31'],
    ['threshold', 'count: 1', 'count: 2'],
    ['mark', 'sequence: 40', 'sequence: 0'],
  ])('changes with the %s', (_, from, to) => {
    expect(digest(YAML.replace(from, to))).not.toBe(digest(YAML));
  });

  it('changes with the key itself', () => {
    expect(digest(YAML, new Map([...PEMS, ['keys/anna.pub', testKey('other').publicPem]]))).not.toBe(
      digest(YAML),
    );
  });
});

describe('the digest of a key', () => {
  it('is what openssl says', (context) => {
    try {
      execFileSync('openssl', ['version'], { stdio: 'ignore' });
    } catch {
      context.skip('there is no openssl on this machine');
    }
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], { input: anna.publicPem });
    const said = execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: der }).toString();
    expect(spkiDigest(anna.publicPem)).toBe(`sha256:${said.slice(0, 64)}`);
  });

  it.each([
    ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['Ed25519', () => generateKeyPairSync('ed25519')],
  ])('is given for %s', (_, make) => {
    expect(spkiDigest(pemOf(make().publicKey))).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['X25519', () => generateKeyPairSync('x25519')],
  ])('is refused for %s', (_, make) => {
    expect(() => spkiDigest(pemOf(make().publicKey))).toThrow(
      expect.objectContaining({ code: 'KEY_UNUSABLE' }),
    );
  });
});
