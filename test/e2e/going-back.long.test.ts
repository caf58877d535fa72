import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReceipt } from '@gapferry/bundle';
import { gitEnvironment, mustRun, type ProcessResult, runProcess } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Reported } from '../support/command-line.ts';
import { allowGoingBack, orderBack } from '../support/going-back.ts';
import { pinPolicy } from '../support/pin-policy.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import { makeZone, type Zone } from './zone.ts';

const SITE = ['--site', 'site/site.yaml'];
const DAY = 86_400_000;
let zone: Zone;
/** What clients saw after the first release. */
let first: Record<string, string>;
let second: Record<string, string>;

beforeAll(async () => {
  zone = await makeZone();
  await siteWithAGitHost();
  await allowGoingBack(zone.inside, ['anna', 'boris']);
  await pinPolicy(zone.inside);
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
  await zone.import();
  first = await seen();
  await zone.upstream.change();
  await zone.collect('--version', '1.1.0');
  await zone.export();
  await zone.import();
  second = await seen();
}, 120_000);
afterAll(() => zone.close());

const inside = (...parts: readonly string[]): string => join(zone.inside.directory, ...parts);
const typed = (...args: readonly string[]): Promise<ProcessResult> => gapferry(zone.inside, args);

/** Repositories go to a plain place of bare ones, which does not let branches be forced; everything else into the embedded depot. */
async function siteWithAGitHost(): Promise<void> {
  for (const name of ['share', 'srv']) await mkdir(inside('site', name));
  await writeFile(
    inside('site/site.yaml'),
    `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: forge, kind: git, url: srv, path: "{host}/{path}", refs: {force: refuse, tags: keep, prune: true}}
  - {name: share, kind: directory, directory: share, path: "{channel}/{version}/{path}", takes: [files]}
  - {name: embedded, kind: depot, path: embedded, takes: [images, charts]}
`,
  );
}

/** What tags, branches and files are, as other programs see them. */
async function seen(): Promise<Record<string, string>> {
  const index = JSON.parse(await readFile(zone.embedded('index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const names = index.manifests.map(({ digest, annotations }) => [
    String(annotations?.['org.opencontainers.image.ref.name']),
    digest,
  ]);
  const git = inside('site/srv/git.upstream.example/ops/line-a.git');
  const env = { PATH: process.env['PATH'], ...gitEnvironment() };
  const refs = await runProcess(
    'git',
    ['--git-dir', git, 'for-each-ref', '--format=%(refname) %(objectname)'],
    {
      env,
    },
  );
  const lines = refs.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const told = await readFile(inside('site/share/.gapferry/line-a/index.json'), 'utf8');
  const { version } = JSON.parse(told) as { version: string };
  return Object.fromEntries([...names, ...lines, ['share', version]]) as Record<string, string>;
}

/** Signed by both. */
async function order(file: string, reason: string): Promise<Reported> {
  await orderBack(zone.inside, 'site/site.yaml', { by: 'anna', file, reason });
  const added = ['--add', file, '--key', 'site/keys/boris.key'];
  return await gapferryJson(zone.inside, ['trust', 'override', ...added, ...SITE]);
}

const signed = (name: string): string[] => [
  ...['--override', `${name}.sigstore.json`],
  ...['--override', `${name}.boris.sigstore.json`],
];

/** Without a medium: from what the site keeps itself. */
function back(name: string, exitCode = 0, place: readonly string[] = []): Promise<Reported> {
  return gapferryJson(
    zone.inside,
    ['import', ...place, '--to', 'line-a/1', ...signed(name), ...SITE, '--yes'],
    exitCode,
  );
}

describe('an older release', { timeout: 120_000 }, () => {
  it('is refused, and whoever may want it all the same is told how', async () => {
    const refused = await typed('import', `${zone.stick}#line-a/1`, ...SITE, '--yes');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('gapferry trust override --site site/site.yaml --to line-a/1');
  });

  it('is refused with one signature where the policy wants two', async () => {
    const named = {
      fromRelease: { sequence: 2, version: '1.1.0' },
      toRelease: { sequence: 1, version: '1.0.0' },
    };
    const both = await order('go.sigstore.json', 'the gateway of 1.1.0 loses messages');
    expect(both).toMatchObject({ ...named, accepted: true });
    const alone = ['--override', 'go.sigstore.json'];
    const args = ['import', zone.stick, '--to', 'line-a/1', ...alone, ...SITE, '--yes'];
    const { error } = await gapferryJson(zone.inside, args, 4);
    expect(error).toMatchObject({ code: 'THRESHOLD_NOT_MET' });
    expect(await seen()).toEqual(second);
  });

  it('is not signed over: a file that is there stays, and an order is added to as it is', async () => {
    const again = await typed(
      'trust',
      'override',
      '--add',
      'go.sigstore.json',
      '--key',
      'site/keys/boris.key',
    );
    expect(again.code).toBe(2);
    const changed = ['--add', 'go.sigstore.json', '--reason', 'other', '--key', 'site/keys/boris.key'];
    expect((await typed('trust', 'override', ...changed, '-o', 'x.json')).code).toBe(2);
  });

  it('comes back with it: names are where they were, and what came in between stays', async () => {
    const told = await back('go');
    expect(told).toMatchObject({ kind: 'loaded', record: { sequence: 1, status: 'loaded' } });
    const now = await seen();
    for (const [name, digest] of Object.entries(first)) expect(now[name]).toBe(digest);
    for (const name of Object.keys(second)) expect(now[name]).toBeDefined();
    const main = second['refs/heads/main'];
    expect(first['refs/heads/main']).not.toBe(main);
    expect(now['refs/gapferry/backup/1/heads/main']).toBe(main);
    const stays = told['stays'] as { item: string; names?: string[] }[];
    expect(stays.map(({ item }) => item).join(' ')).toContain('historian');
    expect(stays.flatMap(({ names = [] }) => names)).toContain('refs/tags/v1.1');
  });

  it('says so for ever: in the receipt, the ledger, and the order that is kept', async () => {
    const files = (await readdir(inside('site/state/receipts'))).sort();
    const last = await readFile(inside('site/state/receipts', files.at(-1) ?? ''), 'utf8');
    const { payload } = JSON.parse(last).dsseEnvelope as { payload: string };
    const { override, sequence } = parseReceipt(Buffer.from(payload, 'base64'));
    expect(sequence).toBe(1);
    const text = (await typed('ledger', 'show', 'site/state', '--json')).stdout;
    expect(text).toContain(`"override": "${override}"`);
    expect(text).toContain('the gateway of 1.1.0 loses messages');
    expect(await readdir(inside('site/state/overrides'))).toHaveLength(2);
  });

  it('does not come back twice with one order', async () => {
    const { error } = await back('go', 4);
    expect(error).toMatchObject({ code: 'OVERRIDE_REFUSED' });
    expect(error?.message).toContain('was used already');
  });

  it('gives way to the newest again, without an order', async () => {
    expect(await zone.import()).toMatchObject({ kind: 'loaded' });
    const now = await seen();
    for (const [name, digest] of Object.entries(second)) expect(now[name]).toBe(digest);
    expect(await zone.import()).toMatchObject({ kind: 'unchanged' });
    expect((await back('go', 4)).error?.code).toBe('OVERRIDE_REFUSED');
  });

  it('comes back from its medium as well, with a new order, by a plan that was approved', async () => {
    await order('again.sigstore.json', 'once more');
    const to = ['--to', 'line-a/1', ...signed('again')];
    const plan = await gapferryJson(zone.inside, ['plan', ...to, ...SITE, '-o', 'back.json']);
    expect(JSON.stringify(plan['stays'])).toContain('historian');
    const told = JSON.parse(await readFile(inside('back.json'), 'utf8')).override;
    expect(told).toMatchObject({ reason: 'once more', signers: [{ owner: 'anna' }, { owner: 'boris' }] });
    expect(plan['override']).toEqual(told);
    // They stand where the older release put them: only SHA256SUMS tells of the newer one.
    const files = (plan['steps'] as { kind: string }[]).filter(({ kind }) => kind === 'file');
    expect(files).not.toHaveLength(0);
    for (const file of files) expect(file).toMatchObject({ content: 'same', name: 'describe', bytes: 0 });
    await order('other.sigstore.json', 'for another reason');
    const otherwise = ['import', '--to', 'line-a/1', ...signed('other'), '--plan', 'back.json', ...SITE];
    const { error } = await gapferryJson(zone.inside, otherwise, 7);
    expect(error).toMatchObject({ code: 'PLAN_MOVED', data: { moved: [{ what: 'override' }], steps: [] } });
    expect(error?.message).toContain('of anna, boris: for another reason');
    const approved = ['import', zone.stick, ...to, '--plan', 'back.json', ...SITE];
    expect(await gapferryJson(zone.inside, approved)).toMatchObject({ kind: 'loaded' });
    const now = await seen();
    for (const [name, digest] of Object.entries(first)) expect(now[name]).toBe(digest);
    const newest = ['import', '--to', 'line-a/2', ...SITE, '--yes'];
    expect(await gapferryJson(zone.inside, newest)).toMatchObject({ kind: 'loaded' });
    const after = await seen();
    for (const [name, digest] of Object.entries(second)) expect(after[name]).toBe(digest);
  });

  it('that was never loaded here has no way back without its medium', async () => {
    const { error } = await gapferryJson(zone.inside, ['import', '--to', 'line-a/7', ...SITE, '--yes'], 2);
    expect(error).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  });
});

describe('an order that does not fit', { timeout: 120_000 }, () => {
  const NOWHERE = `sha256:${'0'.repeat(64)}`;
  let fitting: { readonly from: string; readonly to: string };
  beforeAll(async () => {
    const { from, to } = await order('fits.sigstore.json', 'it fits');
    fitting = { from: String(from), to: String(to) };
    await gapferryJson(zone.inside, ['keys', 'generate', 'site/keys/stranger', '--plain']);
  });

  /** Signed by anna, who says everything herself: a command line that knows nothing of the site would say nothing about it. */
  async function refusedFor(
    wrong: Partial<Record<'for' | 'channel' | 'from' | 'to' | 'key', string>>,
  ): Promise<Reported> {
    const {
      for: site = 'plant-7',
      channel = 'line-a',
      from = fitting.from,
      to = fitting.to,
      key = 'anna',
    } = wrong;
    const what = ['--for', site, '--from', from, '--to', `${channel}@${to}`, '--reason', 'wrong'];
    const by = ['--not-after', '2099-12-31', '--key', `site/keys/${key}.key`, '-o', 'wrong.sigstore.json'];
    await rm(inside('wrong.sigstore.json'), { force: true });
    await gapferryJson(zone.inside, ['trust', 'override', ...what, ...by]);
    return await refused('wrong');
  }
  const refused = (name: string, machine = zone.inside): Promise<Reported> =>
    gapferryJson(
      machine,
      ['import', '--to', 'line-a/1', '--override', `${name}.sigstore.json`, ...SITE, '--yes'],
      4,
    );

  it.each<[string, Parameters<typeof refusedFor>[0], string, string]>([
    ['another site', { for: 'plant-8' }, 'OVERRIDE_REFUSED', 'is for site plant-8, not for plant-7'],
    ['another channel', { channel: 'line-b' }, 'OVERRIDE_REFUSED', 'is for channel line-b, not line-a'],
    [
      'from another mark',
      { from: NOWHERE },
      'OVERRIDE_REFUSED',
      'leads away from sha256:000000000000; the site has accepted number 2',
    ],
    ['another release', { to: NOWHERE }, 'OVERRIDE_REFUSED', 'leads to sha256:000000000000; number 1 is'],
    ['signed by a stranger', { key: 'stranger' }, 'KEY_UNKNOWN', 'the override: none of the 3 trusted keys'],
  ])('%s: exit 4, and nothing is done', async (_, wrong, code, says) => {
    const { error } = await refusedFor(wrong);
    expect(error).toMatchObject({ code, origin: 'site', message: expect.stringContaining(says) });
    expect(error?.hint).toMatch(/./);
    expect(await seen()).toMatchObject(second);
  });

  it('has ended by the clock of the site: exit 4, and nothing is done', async () => {
    const until = new Date(Date.now() + DAY).toISOString().slice(0, 10);
    const file = 'short.sigstore.json';
    await orderBack(zone.inside, 'site/site.yaml', { by: 'anna', file, until });
    const { error } = await refused('short', shiftedClock(zone.inside, (3 * DAY) / 60_000));
    const message = expect.stringContaining(`ended at ${until}T23:59:59Z`);
    expect(error).toMatchObject({ code: 'OVERRIDE_REFUSED', message });
    expect(await seen()).toMatchObject(second);
  });

  it('is told at once that the pinned policy takes none, and refused for that', async () => {
    const file = inside('site/trust.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/^version: 2\b/m, 'version: 3').replace(/^ {4}overrides:\n.*\n/m, ''));
    await pinPolicy(zone.inside);
    const none = { code: 'OVERRIDE_REFUSED', message: expect.stringContaining('accepts no override') };
    const made = await orderBack(zone.inside, 'site/site.yaml', { by: 'anna', file: 'none.sigstore.json' });
    expect(made).toMatchObject({ accepted: false, refused: none });
    expect((await refused('none')).error).toMatchObject(none);
  });
});

describe('openssl, which knows nothing of gapferry', () => {
  it('accepts the signature of an order over its bytes (DSSE pre-authentication encoding)', async () => {
    const { dsseEnvelope: envelope } = JSON.parse(await readFile(inside('go.sigstore.json'), 'utf8'));
    const payload = Buffer.from(envelope.payload, 'base64');
    const type: string = envelope.payloadType;
    const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `;
    await writeFile(inside('pae'), Buffer.concat([Buffer.from(head), payload]));
    await writeFile(inside('sig'), Buffer.from(envelope.signatures[0].sig, 'base64'));
    const args = ['dgst', '-sha256', '-verify', inside('site/keys/anna.pub'), '-signature', inside('sig')];
    expect(await mustRun('openssl', [...args, inside('pae')])).toContain('Verified OK');
    await rm(inside('pae'));
  });
});
