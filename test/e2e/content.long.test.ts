import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@gapferry/core';
import { makeArtifact, startFileServer, startRegistry } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const DAY = 86_400_000;
const daysAgo = (days: number): string =>
  new Date(Date.now() - days * DAY).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** As the ClamAV manual and headers of published databases have it; the signature is nobody's. */
function cvd(updated: string, body: string): Buffer {
  const md5 = createHash('md5').update(body).digest('hex');
  const header = `ClamAV-VDB:16 Apr 2020 07-58 -0400:25784:2267600:63:${md5}:4Jp9JtGJ:raynman:${Date.parse(updated) / 1000}`;
  return Buffer.concat([Buffer.from(header.padEnd(512)), Buffer.from(body)]);
}

/** As grype-db publishes it for schema 6. */
function listing(built: string, path: string, archive: string): string {
  return JSON.stringify({
    status: 'active',
    schemaVersion: '6.0.2',
    built,
    path,
    checksum: digestOf(archive),
  });
}

/** As `oras push` makes it in Trivy's workflow. */
function trivy(created: string) {
  return makeArtifact({
    configType: 'application/vnd.oci.empty.v1+json',
    artifactType: 'application/vnd.aquasec.trivy.config.v1+json',
    layers: [{ mediaType: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip', bytes: `db of ${created}` }],
    annotations: { 'org.opencontainers.image.created': created },
  });
}

interface Dates {
  readonly trivy: string;
  readonly grype: string;
  readonly daily: string;
  readonly main: string;
}

function publish({ trivy: created, grype, daily, main }: Dates): void {
  registry.seedImage('aquasecurity/trivy-db', '2', trivy(created));
  const path = `vulnerability-db_v6.0.2_${grype}_1741925227.tar.zst`;
  server.files.set('/v6/latest.json', listing(grype, path, grype));
  server.files.set(`/v6/${path}`, grype);
  server.files.set('/clam/main.cvd', cvd(main, 'main'));
  server.files.set('/clam/bytecode.cvd', cvd(main, 'bytecode'));
  server.files.set('/clam/daily.cvd', cvd(daily, daily));
}

const run = (side: 'inside' | 'outside', ...words: string[]): ReturnType<typeof gapferry> =>
  gapferry(machines[side], words);
const collect = (version: string, ...flags: string[]): ReturnType<typeof gapferry> =>
  run('outside', 'collect', 'bundles/line-a', '--version', version, ...flags);

let registry: Awaited<ReturnType<typeof startRegistry>>;
let server: Awaited<ReturnType<typeof startFileServer>>;
let machines: TwoMachines;
const dates: Dates = { trivy: daysAgo(1), grype: daysAgo(2), daily: daysAgo(9), main: daysAgo(400) };
beforeEach(async () => {
  [registry, server] = [await startRegistry(), await startFileServer(new Map())];
  publish(dates);
  const bundle = `format: gapferry.bundle/1
name: line-a
content:
  - {kind: trivy-db, from: "${registry.host}/aquasecurity/trivy-db:2", maxAge: 36h}
  - {kind: grype-db, from: "${server.url}/v6/latest.json"}
  - {kind: clamav-db, from: "${server.url}/clam", as: av, unsigned: true}
`;
  machines = await makeTwoMachines({ bundle, environment: {} });
});
afterEach(async () => {
  await machines.close();
  await server.close();
  await registry.close();
});

describe('databases that grow old', { timeout: 120_000 }, () => {
  it('are carried, and everybody on the way sees how old they are', async () => {
    const first = await collect('1.0.0', '--first');
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringContaining('file av/daily.cvd (clamav-db) is of'),
    ]);
    expect(first.stdout).toMatch(
      /file av\/daily.cvd +clamav-db +of \S+ +9 d( \d+ h)? old, too old: it may be 7 d/,
    );
    expect(first.stdout).toMatch(/image \S+trivy-db:2 +trivy-db +of \S+ +1 d( \d+ h)? old of 1 d 12 h/);
    expect(first.stderr).not.toContain('main.cvd');
    expect(await machines.collect('--locked')).toMatchObject({ kind: 'unchanged' });

    await machines.export();
    const planned = await run('inside', 'plan', machines.stick, '--site', 'site/site.yaml');
    expect(planned.stdout).toMatch(
      /file grype-db\/vulnerability-db.tar.zst +grype-db +of \S+ +2 d( \d+ h)? old of 5 d/,
    );
    expect(planned.stderr).toContain('older than the 7 days that it may have');
    const imported = await machines.import();
    expect(imported).toMatchObject({ kind: 'loaded' });
    expect(imported['content']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ item: 'file av/daily.cvd', updated: dates.daily, state: 'too old' }),
        expect.objectContaining({ item: 'file av/main.cvd', updated: dates.main, state: 'fresh' }),
      ]),
    );
    const inside = (name: string): Promise<string> =>
      readFile(machines.embedded('files/grype-db', name), 'utf8');
    expect(await inside('vulnerability-db.tar.zst')).toBe(dates.grype);
    expect(JSON.parse(await inside('latest.json'))).toMatchObject({ built: dates.grype });
    expect(await machines.reached()).toBe('');
  });

  it('take the place of older ones, and the difference says of when both are', async () => {
    await collect('1.0.0', '--first');
    const fresh = { ...dates, grype: daysAgo(0), daily: daysAgo(1) };
    publish(fresh);
    expect((await collect('1.1.0')).stderr).not.toContain('older');
    const { stdout } = await run('outside', 'diff', 'depot#line-a/1', 'depot#line-a/2');
    expect(stdout).toContain(`of ${dates.daily} → ${fresh.daily}`);
    expect(stdout).toMatch(
      new RegExp(`changed +grype-db/vulnerability-db.tar.zst .*of ${dates.grype} → ${fresh.grype}`),
    );
  });

  it('are refused when they are too old, outside by the line and inside by the policy', async () => {
    const file = join(machines.outside.directory, 'bundles/line-a/bundle.yaml');
    const bundle = await readFile(file, 'utf8');
    await writeFile(file, bundle.replace('unsigned: true', 'unsigned: true, old: refuse'));
    const outside = await collect('1.0.0', '--first');
    expect([outside.code, outside.stderr]).toEqual([
      4,
      expect.stringContaining('file av/daily.cvd (clamav-db) is of'),
    ]);
    await writeFile(file, bundle);
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();

    const trust = join(machines.inside.directory, 'site/trust.yaml');
    const policy = await readFile(trust, 'utf8');
    const limits = 'content: [{kind: clamav-db, maxAgeDays: 8}, {kind: trivy-db, maxAgeDays: 8}]';
    await writeFile(trust, `${policy.replace(/^version: 1\b/m, 'version: 2')}${limits}\n`);
    const site = ['--site', 'site/site.yaml'];
    const shown = await gapferryJson(machines.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
    const { words } = shown['fingerprint'] as { words: string };
    expect(shown).toMatchObject({ content: [{ kind: 'clamav-db', maxAgeDays: 8 }, {}] });
    await gapferryJson(machines.inside, ['trust', 'pin', ...site, '--fingerprint', words]);
    for (const command of ['verify', 'plan', 'import']) {
      const refused = await run(
        'inside',
        command,
        machines.stick,
        ...site,
        ...(command === 'import' ? ['--yes'] : []),
      );
      expect([refused.code, refused.stderr]).toEqual([
        4,
        expect.stringMatching(/file av\/daily.cvd is of \S+, 9 days old, and may be 8 days old/),
      ]);
    }
  });

  it('are refused where a mirror has other bytes than the header is about', async () => {
    server.files.set('/clam/daily.cvd', Buffer.concat([cvd(daysAgo(0), 'daily'), Buffer.from('!')]));
    const refused = await collect('1.0.0', '--first');
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('its own header says')]);
  });
});
