import { readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flipByte, mustRun } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Reported } from '../support/command-line.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { makeZone, type Zone } from './zone.ts';

const SITE = ['--site', 'site/site.yaml'];
let zone: Zone;
beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
}, 60_000);
afterAll(() => zone.close());

function inside(name: string): string {
  return join(zone.inside.directory, name);
}

function plan(file: string): Promise<Reported> {
  return gapferryJson(zone.inside, ['plan', zone.stick, ...SITE, '-o', file]);
}

/** No `--yes`, no terminal: the plan is the answer. */
function importPlan(file: string, exitCode = 0, place = zone.stick): Promise<Reported> {
  return gapferryJson(zone.inside, ['import', place, ...SITE, '--plan', file], exitCode);
}

/** Refused with exit 7, and nothing was done. */
async function moved(file: string, place?: string): Promise<NonNullable<Reported['error']>> {
  const before = await treeDigest(zone.embedded());
  const { error } = await importPlan(file, 7, place);
  expect(error?.code).toBe('PLAN_MOVED');
  expect(await treeDigest(zone.embedded())).toBe(before);
  return error ?? { code: '', message: '', data: {} };
}

async function withSite(change: (text: string) => string, work: () => Promise<void>): Promise<void> {
  const good = await readFile(inside('site/site.yaml'), 'utf8');
  await writeFile(inside('site/site.yaml'), change(good));
  await work();
  await writeFile(inside('site/site.yaml'), good);
}

describe('a plan that is approved', { timeout: 120_000 }, () => {
  it('is a file for its owner alone, and another tool reads the digest that was told', async () => {
    const { file, totals } = await plan('plan.json');
    expect(totals).toMatchObject({ items: 5, toLoad: 5 });
    expect((await stat(inside('plan.json'))).mode & 0o777).toBe(0o600);
    const sum = (await mustRun('sha256sum', [inside('plan.json')])).slice(0, 64);
    expect(file).toEqual({ path: 'plan.json', digest: `sha256:${sum}` });
    const text = await readFile(inside('plan.json'), 'utf8');
    expect(text).not.toMatch(/PRIVATE|password/i);
  });

  it('is not written onto the medium, and takes the place of nothing else', async () => {
    const refused = async (path: string): Promise<string | undefined> =>
      (await gapferryJson(zone.inside, ['plan', zone.stick, ...SITE, '-o', path], 2)).error?.message;
    expect(await refused(join(zone.stick, 'plan.json'))).toContain('nothing is written there');
    await symlink(zone.stick, inside('linked'));
    expect(await refused('linked/plan.json')).toContain('nothing is written there');
    expect(await refused('site/site.yaml')).toContain('gapferry did not make it');
  });

  it('holds where a comment came into the site file, and not where a target goes elsewhere', async () => {
    await withSite(
      (text) => text.replace('path: embedded', 'path: elsewhere'),
      async () => {
        const { message, hint } = await moved('plan.json');
        expect(message).toContain('the site file changed');
        expect(hint).toContain('look at "gapferry plan" again');
      },
    );
  });

  it('is not taken from a file that somebody changed', async () => {
    const text = await readFile(inside('plan.json'), 'utf8');
    const refusals = {
      JSON_INVALID: JSON.stringify(JSON.parse(text), undefined, 2),
      CONFIG_INVALID: text.replace('"toLoad":5', '"toLoad":"5"'),
      FORMAT_UNKNOWN: text.replace('gapferry.plan/1', 'gapferry.plan/9'),
      LIMIT_EXCEEDED: '['.repeat(100_000),
    };
    for (const [code, bytes] of Object.entries(refusals)) {
      await writeFile(inside('changed.json'), bytes);
      const result = await gapferry(zone.inside, [
        'import',
        zone.stick,
        ...SITE,
        '--plan',
        'changed.json',
        '--json',
      ]);
      expect(JSON.parse(result.stdout)).toMatchObject({ ok: false, error: { code } });
    }
    await writeFile(inside('changed.json'), text.replace('"toLoad":5', '"toLoad":4'));
    expect((await moved('changed.json')).message).toContain('the totals that it shows');
    await writeFile(inside('changed.json'), text.replace('"name":"create"', '"name":"move"'));
    expect((await moved('changed.json')).message).toMatch(/ was [^,]*move, is [^,]*create$/);
    const { error } = await importPlan('nowhere.json', 2);
    expect(error?.message).toContain('there is no such file');
  });

  it('is applied without a question, with a site file that only reads otherwise, and the ledger names it', async () => {
    const { file } = (await plan('plan.json')) as unknown as { file: { digest: string } };
    await withSite(
      (text) => `# approved by the shift\n${text}`,
      async () => void expect(await importPlan('plan.json')).toMatchObject({ kind: 'loaded' }),
    );
    const { entries } = await gapferryJson(zone.inside, ['ledger', 'show', 'site/state']);
    expect(entries).toContainEqual(
      expect.objectContaining({
        kind: 'import.began',
        data: expect.objectContaining({ approved: file.digest }),
      }),
    );
  });

  it('has nothing left to approve when it is done', async () => {
    const { message, hint } = await moved('plan.json');
    expect(message).toContain('is there already');
    expect(hint).toContain('everything of the plan is there already');
  });

  it('of a release is not one of the next, which is said before the medium is read', async () => {
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    const { message, hint } = await moved('plan.json');
    expect(message).toContain('it is a plan for release line-a/1 (1.0.0), and this is line-a/2');
    expect(hint).toContain('name the site and the release');
  });

  it('still speaks of what is left after an import that was broken off', async () => {
    await plan('plan.json');
    const blob = zone.embedded('files/tools/tool.bin');
    await rm(blob);
    const { message } = await moved('plan.json');
    expect(message).toContain('file tools/tool.bin at target embedded was there already, is create');
    await gapferryJson(zone.inside, ['import', zone.stick, ...SITE, '--yes']);
    const { hint } = await moved('plan.json');
    expect(hint).toContain('everything of the plan is there already');
  });

  it('does not hold under another policy, whose name comes first', async () => {
    await plan('plan.json');
    const policy = await readFile(inside('site/trust.yaml'), 'utf8');
    await writeFile(inside('site/trust.yaml'), policy.replace(/version: 1\b/, 'version: 2'));
    const { fingerprint } = await gapferryJson(zone.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
    const { words } = fingerprint as { words: string };
    await gapferryJson(zone.inside, ['trust', 'pin', ...SITE, '--fingerprint', words]);
    const { message, data } = await moved('plan.json');
    expect(message).toMatch(
      /would be done now: the trust policy changed \(was version 1, .*; is version 2, /,
    );
    expect(data).toMatchObject({ moved: [{ what: 'trust' }], steps: [] });
  });

  it('changes nothing of what is verified: damage in what would be sent is refused as ever', async () => {
    const file = zone.embedded('files/tools/tool.bin');
    const hex = (await mustRun('sha256sum', [file])).slice(0, 64);
    // The embedded depot has it twice: by its digest, and where it is visible.
    for (const path of [file, zone.embedded(`blobs/sha256/${hex}`)]) await rm(path);
    await plan('plan.json');
    await flipByte(join(zone.stick, 'blobs/sha256', hex));
    expect((await importPlan('plan.json', 4)).error?.code).toBe('DIGEST_MISMATCH');
  });
});
