import { canonicalBytes, digestOf, type NameState, type Presence } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { comparePlans, compareSubjects, isSamePlan } from './compare-plans.ts';
import { importLoads, wantedState } from './import-loads.ts';
import {
  encodePlanFile,
  PLAN_FILE_LIMIT,
  type PlanFile,
  parsePlanFile,
  siteDigest,
  toPlanFile,
} from './plan-file.ts';
import { type Ownership, planImport } from './plan-import.ts';
import { parseSiteConfig } from './site-config.ts';
import { simulatedRelease, verifySimulated } from './testing/index.ts';

const OTHER = 'sha256:'.padEnd(71, 'e');
const SITE =
  'format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: site.key\ntargets:\n  - {name: depot, kind: depot, path: d}\n';
const release = verifySimulated(
  simulatedRelease({
    images: { 'docker.io/library/nginx:1.27': 'nginx' },
    git: { 'git.example/ops': { main: 'a'.repeat(40) } },
  }),
);

const ORDER = {
  statement: digestOf('order'),
  from: digestOf('from'),
  reason: 'it loses messages',
  notAfter: '2026-12-01T23:59:59Z',
  signers: [{ key: 'anna', owner: 'Anna' }],
};

interface Scene {
  /** What stands at the image's tag. */
  readonly tag?: NameState | 'wanted';
  /** Of the repository. */
  readonly gitBytes?: number;
  readonly owner?: Ownership;
  readonly site?: string;
  readonly at?: string;
  readonly state?: 'proven' | 'probed';
}

function planFile(scene: Scene = {}): PlanFile {
  const { owner, gitBytes = 5, state = 'probed' } = scene;
  const rules = [{ name: 'depot', takes: ['image', 'chart', 'git', 'file'] as const }];
  const surveyed = importLoads(release, rules, new Map()).map((item) => ({
    ...item,
    contentPresence: contentOf(item.name.kind, scene, gitBytes),
    namePresence: item.name.kind === 'oci' ? nameOf(scene, wantedState(item.name)) : absent(0),
  }));
  const permissions = [{ target: 'depot', action: 'push', on: 'a', state }];
  const plan = planImport(release, surveyed, () => owner, permissions);
  const { site = SITE, at = '2026-11-22T03:00:00Z' } = scene;
  return toPlanFile(plan, { site: parseSiteConfig(site, 'site.yaml'), at, by: '0.1.0' });
}

function absent(missingBytes: number): Presence {
  return { state: 'absent', missingBytes };
}

function contentOf(kind: string, { tag }: Scene, gitBytes: number): Presence {
  if (kind === 'git') return absent(gitBytes);
  return tag === 'wanted' ? { state: 'same' } : absent(10);
}

function nameOf({ tag }: Scene, wanted: NameState): Presence {
  if (tag === undefined) return absent(0);
  return tag === 'wanted' || tag['digest'] === wanted['digest']
    ? { state: 'same' }
    : { state: 'different', there: tag, missingBytes: 0 };
}

const left = (digest: string): Ownership => ({ channel: release.opened.release.channel, left: { digest } });

describe('a plan file', () => {
  it('is read as it was written, and says what it is bound to', () => {
    const file = planFile();
    expect(parsePlanFile(encodePlanFile(file), 'plan.json')).toEqual(file);
    const { opened } = release;
    expect(file).toMatchObject({
      site: 'plant-7',
      release: {
        statement: opened.statement,
        manifest: opened.manifestDigest,
        version: opened.release.version,
      },
      trust: opened.policy,
      totals: { toLoad: 2 },
      steps: [
        { place: 'git git.example/ops' },
        { place: 'oci docker.io/library/nginx:1.27', content: 'send' },
      ],
      made: { at: '2026-11-22T03:00:00Z', by: '0.1.0' },
    });
  });

  it('is the same for a site file with other comments and spelled-out defaults, and another for another target', () => {
    const digestOfSite = (text: string) => siteDigest(parseSiteConfig(text, 'site.yaml'));
    expect(digestOfSite(`# approved\n${SITE}state: state\n`)).toBe(digestOfSite(SITE));
    expect(digestOfSite(SITE.replace('path: d', 'path: e'))).not.toBe(digestOfSite(SITE));
  });

  it('of more than 256 MiB is not looked at', () => {
    expect(() => parsePlanFile(Buffer.alloc(PLAN_FILE_LIMIT + 1), 'plan.json')).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });

  it('has no states but those of its steps', () => {
    const file = planFile();
    const steps = file.steps.map((step) => ({ ...step, state: OTHER }));
    expect(() => parsePlanFile(canonicalBytes({ ...file, steps }), 'plan.json')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('state: is not') }),
    );
  });

  it('is not what `plan --json` prints', () => {
    const printed = Buffer.from(JSON.stringify({ ok: true, ...planFile() }, undefined, 2));
    expect(() => parsePlanFile(printed, 'plan.json')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', hint: expect.stringContaining('plan -o FILE') }),
    );
  });
});

describe('two plans', () => {
  it('are the same whenever and however they were made', () => {
    const later = planFile({ at: '2026-11-23T03:00:00Z', state: 'proven' });
    expect(isSamePlan(comparePlans(planFile(), later))).toBe(true);
  });

  it('are the same where a repository that is there lacks about as many bytes, and not where a new one does', () => {
    const grown = ({ steps, totals, ...file }: PlanFile, more: number): PlanFile => ({
      ...file,
      totals: { ...totals, bytes: totals.bytes + more },
      steps: steps.map(({ isNew: _, ...step }) =>
        step.kind === 'git' ? { ...step, bytes: step.bytes + more } : step,
      ),
    });
    const file = planFile();
    expect(isSamePlan(comparePlans(grown(file, 0), grown(file, 2)))).toBe(true);
    expect(comparePlans(file, planFile({ gitBytes: 7 })).steps).toMatchObject([
      { was: { bytes: 5 }, is: { bytes: 7 } },
    ]);
  });

  it('differ in the sum of bytes by no more than those of increments do', () => {
    const file = planFile();
    const sum = (bytes: number): PlanFile => ({ ...file, totals: { ...file.totals, bytes } });
    expect(comparePlans(sum(file.totals.bytes - 1), file).shown).toEqual(['totals']);
  });

  it('differ where one goes back, or goes back by the order of others', () => {
    const file = planFile();
    const ordered = { ...file, override: ORDER };
    expect(parsePlanFile(encodePlanFile(ordered), 'plan.json')).toEqual(ordered);
    expect(isSamePlan(comparePlans(ordered, structuredClone(ordered)))).toBe(true);
    const both = { ...file, override: { ...ORDER, signers: [{ key: 'boris', owner: 'Boris' }] } };
    expect(comparePlans(file, ordered).conditions).toEqual([{ what: 'override', is: ORDER }]);
    expect(comparePlans(ordered, file).conditions).toEqual([{ what: 'override', was: ORDER }]);
    expect(comparePlans(ordered, both).conditions).toEqual([
      { what: 'override', was: ORDER, is: both.override },
    ]);
  });

  it('differ where a permission was known that nobody can tell now, and not where one is known by now', () => {
    const known = planFile();
    const permissions = [
      { target: 'depot', action: 'push', on: 'a', state: 'unknown', reason: 'it does not say' } as const,
    ];
    const unknown = { ...known, permissions };
    expect(comparePlans(known, unknown).shown).toEqual(['permissions']);
    expect(isSamePlan(comparePlans(unknown, known))).toBe(true);
  });

  it('differ in what is done by now', () => {
    const { steps, ...rest } = comparePlans(planFile(), planFile({ tag: 'wanted' }));
    expect(rest).toEqual({ subject: [], conditions: [], shown: [] });
    expect(steps).toMatchObject([
      {
        place: 'oci docker.io/library/nginx:1.27',
        was: { content: 'send' },
        is: { content: 'same', name: 'same' },
      },
    ]);
  });

  it('differ in what only the ledger says', () => {
    const there = { tag: { digest: OTHER } };
    const [one, other] = [
      planFile({ ...there, owner: left(OTHER) }),
      planFile({ ...there, owner: { ...left(OTHER), intended: [{ digest: OTHER }] } }),
    ];
    const { steps } = comparePlans(one, other);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.every(({ was, is }) => was?.name === is?.name && was?.state !== is?.state)).toBe(true);
  });

  it('differ in steps that came and went', () => {
    const file = planFile();
    const [first, second] = file.steps;
    const { steps } = comparePlans(
      { ...file, steps: [first as never] },
      { ...file, steps: [second as never] },
    );
    expect(steps).toEqual([
      { target: 'depot', place: second?.place, is: second },
      { target: 'depot', place: first?.place, was: first },
    ]);
  });

  it('differ in sums and permissions that are not those of the steps', () => {
    const file = planFile();
    const doctored = { ...file, totals: { ...file.totals, moved: 3 }, permissions: [] };
    expect(comparePlans(doctored, file).shown).toEqual(['totals', 'permissions']);
  });

  it('differ in policy and site file, and are not compared where they are about something else', () => {
    const file = planFile();
    const trust = { ...file.trust, version: 9 };
    expect(compareSubjects(file, { ...file, trust, siteFile: OTHER as never })).toEqual({
      subject: [],
      conditions: [
        { what: 'trust', was: file.trust, is: trust },
        { what: 'siteFile', was: file.siteFile, is: OTHER },
      ],
      steps: [],
      shown: [],
    });
    const { channel, sequence } = file.release;
    expect(isSamePlan(compareSubjects(file, { ...file, release: { channel, sequence } }))).toBe(true);
    const elsewhere = { ...file, site: 'plant-8', release: { ...file.release, sequence: 99 }, steps: [] };
    const { subject, steps } = comparePlans(elsewhere, file);
    expect(subject.map(({ what }) => what)).toEqual(['site', 'release']);
    expect(steps).toEqual([]);
  });
});
