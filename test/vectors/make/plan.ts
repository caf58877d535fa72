import { digest } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('plan.json');

interface LoosePlan {
  [name: string]: unknown;
  steps: Record<string, unknown>[];
  release: Record<string, unknown>;
  made: Record<string, unknown>;
}

export function planVectors(): Vector[] {
  return [...planBytes(), ...wrongMembers()];
}

function planBytes(): Vector[] {
  const json = sortedJson(plan());
  return [
    {
      name: 'good',
      files: { 'plan.json': json },
      expect: {
        why: 'an image that is sent and named, one whose tag moves, and a repository with a forced branch',
        accept: true,
        result: { site: 'plant-7', totals: { toLoad: 3 }, steps: [{ name: 'create' }, { name: 'move' }, {}] },
      },
    },
    {
      name: 'goes-back',
      files: { 'plan.json': sortedJson(goingBack()) },
      expect: {
        why: 'back to an older release, by whose order and why',
        accept: true,
        result: { override: { reason: '17 loses messages', signers: [{ owner: 'Anna' }, {}] } },
      },
    },
    refused('truncated', 'the last byte is missing', json.slice(0, -1), 'JSON_INVALID'),
    refused('trailing-newline', 'a newline after the end', `${json}\n`, 'JSON_INVALID', ['not canonical']),
    refused(
      'pretty-printed',
      'as a tool for people writes it',
      JSON.stringify(JSON.parse(json), undefined, 2),
      'JSON_INVALID',
      ['not canonical'],
    ),
    refused('proto-member', 'a member __proto__', json.replace('{', '{"__proto__":{},'), 'JSON_INVALID'),
    refused(
      'duplicate-member',
      'the same member twice',
      json.replace('"site":"plant-7"', '"site":"plant-7","site":"plant-8"'),
      'JSON_INVALID',
    ),
    refused(
      'deep',
      'thirteen levels',
      json.replace('"steps":[', `"steps":[${'['.repeat(13)}${']'.repeat(13)},`),
      'LIMIT_EXCEEDED',
    ),
    refused('not-an-object', 'a list', '[]', 'FORMAT_UNKNOWN'),
  ];
}

function wrongMembers(): Vector[] {
  const first = (plan: LoosePlan): Record<string, unknown> => plan.steps[0] ?? {};
  return [
    invalid('unknown-major', 'a plan of the future', (p) => Object.assign(p, { format: 'gapferry.plan/2' }), [
      'gapferry.plan/2',
    ]),
    invalid('other-document', 'a receipt', (p) => Object.assign(p, { format: 'gapferry.receipt/1' }), [
      'gapferry.receipt/1',
    ]),
    invalid('printed', 'what plan --json prints', (p) => Object.assign(p, { ok: true }), ['plan --json']),
    invalid('unknown-member', 'a member nobody knows', (p) => Object.assign(p, { hurry: true }), ['hurry']),
    invalid(
      'step-unknown-member',
      'a member of a step that nobody knows',
      (p) => Object.assign(first(p), { password: 'x' }),
      ['steps[0].password'],
    ),
    invalid(
      'override-of-nobody',
      'an order to go back that nobody signed',
      (p) => Object.assign(p, { override: { ...goingBack().override, signers: [] } }),
      ['override.signers'],
    ),
    invalid(
      'no-state',
      'nothing that binds it to the targets',
      (p) => Object.assign(p, { state: undefined }),
      ['state'],
    ),
    invalid(
      'state-of-others',
      'a state that is not that of its steps',
      (p) => Object.assign(p, { state: digest('other') }),
      ['state: is not the digest'],
    ),
    invalid(
      'step-state-changed',
      'the state of one step is another one',
      (p) => Object.assign(first(p), { state: digest('other') }),
      ['state: is not the digest'],
    ),
    invalid(
      'action-unknown',
      'something that no import does',
      (p) => Object.assign(first(p), { name: 'erase' }),
      ['steps[0].name'],
    ),
    invalid('bytes-negative', 'less than nothing to send', (p) => Object.assign(first(p), { bytes: -1 }), [
      'steps[0].bytes',
    ]),
    invalid('sequence-zero', 'a release without a number', (p) => Object.assign(p.release, { sequence: 0 }), [
      'release.sequence',
    ]),
    invalid(
      'time-fraction',
      'a time with fractions',
      (p) => Object.assign(p.made, { at: '2026-11-22T03:00:00.5Z' }),
      ['made.at'],
    ),
  ];
}

function goingBack(): LoosePlan & { readonly override: object } {
  const override = {
    statement: digest('statement of the order'),
    from: digest('statement of release 17'),
    reason: '17 loses messages',
    notAfter: '2026-12-01T23:59:59Z',
    signers: [
      { key: 'anna', owner: 'Anna' },
      { key: 'boris', owner: 'Boris' },
    ],
  };
  const document = plan();
  return { ...document, release: { ...document.release, sequence: 16, version: '1.3.0' }, override };
}

function plan(): LoosePlan {
  const steps = [
    {
      target: 'harbor',
      kind: 'image',
      item: 'image docker.io/library/app:2',
      place: 'oci docker.io/library/app:2',
      address: 'harbor.plant-7.example/docker.io/library/app:2',
      content: 'send',
      name: 'create',
      bytes: 1234,
      makes: 'project docker.io (private)',
      state: digest('state of app:2'),
    },
    {
      target: 'harbor',
      kind: 'image',
      item: 'image docker.io/library/app:latest',
      place: 'oci docker.io/library/app:latest',
      content: 'same',
      name: 'move',
      bytes: 0,
      replaces: { digest: digest('app:1') },
      filtered: true,
      state: digest('state of app:latest'),
    },
    {
      target: 'gitea',
      kind: 'git',
      item: 'git git.example/ops',
      place: 'git git.example/ops',
      content: 'send',
      name: 'move',
      bytes: 99,
      replaces: { 'refs/heads/main': 'a'.repeat(40) },
      refs: [
        {
          ref: 'refs/heads/main',
          how: 'force',
          from: 'a'.repeat(40),
          backup: 'refs/gapferry/backup/17/heads/main',
        },
      ],
      lfs: 2,
      head: { from: 'refs/heads/old', to: 'refs/heads/main' },
      about: { from: {}, to: { description: 'Line A', topics: [] } },
      state: digest('state of ops'),
    },
  ];
  return {
    format: 'gapferry.plan/1',
    site: 'plant-7',
    release: {
      channel: 'line-a',
      sequence: 17,
      version: '1.4.0',
      statement: digest('statement of the release'),
      manifest: digest('manifest of the release'),
    },
    trust: { version: 3, digest: digest('policy') },
    siteFile: digest('site'),
    state: digest(JSON.stringify(steps.map(({ target, place, state }) => [target, place, state]))),
    totals: { items: 3, toLoad: 3, same: 0, moved: 2, bytes: 1333 },
    permissions: [
      { target: 'harbor', action: 'push', on: 'docker.io/library/app', state: 'proven' },
      { target: 'gitea', action: 'push', on: 'git.example/ops', state: 'unknown', reason: 'nobody can tell' },
    ],
    steps,
    made: { at: '2026-11-21T11:00:00Z', by: '0.1.0' },
  };
}

function invalid(
  name: string,
  why: string,
  change: (plan: LoosePlan) => unknown,
  says: readonly string[],
): Vector {
  const document = plan();
  change(document);
  const code = /^(unknown-major|other-document)$/.test(name) ? 'FORMAT_UNKNOWN' : 'CONFIG_INVALID';
  return refused(name, why, sortedJson(document), code, says);
}
