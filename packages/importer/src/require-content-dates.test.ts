import { createHash } from 'node:crypto';
import { encodeFileList } from '@gapferry/bundle';
import { add, type Loose, type SimulatedRelease, simulatedRelease } from '@gapferry/bundle/testing';
import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { listAsBlob } from './testing/carry-list.ts';
import { first, Inside, listeningRun } from './testing/inside.ts';

/** Built on 10 March 2026; the site's clock says 20 March. */
const BUILT = '2026-03-10T00:00:00Z';
const NEWER = '2026-03-19T00:00:00Z';

function cvd(body: string, md5 = createHash('md5').update(body).digest('hex')): string {
  const header = `ClamAV-VDB:10 Mar 2026 00-00 +0000:1:1:90:${md5}:nobody:raynman:${Date.parse(BUILT) / 1000}`;
  return `${header.padEnd(512)}${body}`;
}

function daily(content: Loose, text = cvd('signatures'), checked: Loose = []): SimulatedRelease {
  const release = simulatedRelease({ files: { 'av/daily.cvd': text } });
  Object.assign(release.manifest.items[0], { content, checked });
  return release;
}

function grype(updated: string, archive = 'database'): SimulatedRelease {
  const path = 'vulnerability-db_v6.0.2_1.tar.zst';
  const listing = JSON.stringify({ built: BUILT, path, checksum: digestOf('database') });
  const release = simulatedRelease({
    files: { 'db/latest.json': listing, 'db/vulnerability-db.tar.zst': archive },
  });
  release.manifest.items[1].content = { kind: 'grype-db', updated };
  return release;
}

/** A repository of one index, as a directory. */
function repository(content: Loose, date = 'Tue, 10 Mar 2026 00:00:00 UTC'): SimulatedRelease {
  const text = `Suite: stable\nDate: ${date}\nValid-Until: Tue, 17 Mar 2026 00:00:00 UTC\nSHA256:\n ${'a'.repeat(64)} 1 main/binary-amd64/Packages.gz\n`;
  const release = simulatedRelease({ files: { 'debian/': text } });
  const { root, ...item } = release.manifest.items[0];
  const files = [{ path: 'dists/stable/Release', digest: root.digest, size: root.size }];
  release.manifest.items[0] = { ...item, files, content };
  return release;
}

/** The same with so many packages that the list of its files is a blob. */
function longRepository(content: Loose): SimulatedRelease {
  const release = repository(content);
  const [item] = release.manifest.items;
  const packages = Array.from({ length: 1001 }, (_, i) => ({
    path: `pool/p${String(i).padStart(4, '0')}.deb`,
    ...add(release.blobs, `package ${i}`),
  }));
  const files = [...item.files, ...packages];
  item.files = listAsBlob(release, files, encodeFileList(files));
  return release;
}

async function verdict(release: SimulatedRelease, ...rules: readonly Loose[]): Promise<unknown> {
  const inside = new Inside();
  if (rules.length > 0) inside.trust.content = rules;
  await inside.carry(release);
  const run = listeningRun();
  return await inside.verify(first, run).then(
    () => run.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : [])),
    ({ code, message }) => `${code}: ${message}`,
  );
}

describe('the age of content, on the medium', () => {
  it('is what the content says, and told by the clock of the site', async () => {
    expect(await verdict(daily({ kind: 'clamav-db', updated: BUILT }))).toEqual([]);
    expect(await verdict(daily({ kind: 'clamav-db', updated: BUILT, maxAge: 864_000 }))).toEqual([]);
    expect(await verdict(daily({ kind: 'clamav-db', updated: BUILT, maxAge: 863_999 }))).toEqual([
      expect.stringContaining('file av/daily.cvd (clamav-db) is of 2026-03-10T00:00:00Z: older than'),
    ]);
    expect(await verdict(grype(BUILT))).toEqual([]);
  });

  it('cannot be made less by whoever signs the release', async () => {
    expect(await verdict(daily({ kind: 'clamav-db', updated: NEWER }))).toBe(
      `MANIFEST_INVALID: file av/daily.cvd is not what the release says: it is of ${BUILT}, and the release says ${NEWER}`,
    );
    expect(await verdict(grype(NEWER))).toContain('MANIFEST_INVALID');
  });

  it('cannot be that of another archive than the listing names, or of one without a listing', async () => {
    expect(await verdict(grype(BUILT, 'older'))).toContain('the latest.json that came with it names');
    const release = daily({ kind: 'grype-db', updated: BUILT });
    expect(await verdict(release)).toContain('no latest.json came with it');
  });

  it('cannot be read from a database that is damaged, or none', async () => {
    const content = { kind: 'clamav-db', updated: BUILT };
    const other = createHash('md5').update('others').digest('hex');
    expect(await verdict(daily(content, cvd('signatures', other)))).toContain(`DIGEST_MISMATCH`);
    expect(await verdict(daily(content, 'text'))).toContain('CONTENT_INVALID');
  });

  it('is refused by the policy of the site, whatever the release takes for old', async () => {
    const ten = daily({ kind: 'clamav-db', updated: BUILT, maxAge: 8_640_000 });
    expect(await verdict(ten, { kind: 'clamav-db', maxAgeDays: 10 })).toEqual([]);
    expect(await verdict(ten, { kind: 'clamav-db', maxAgeDays: 9 })).toBe(
      'CONTENT_TOO_OLD: the trust policy refuses the age of content: file av/daily.cvd is of 2026-03-10T00:00:00Z, 10 days old, and may be 9 days old',
    );
    expect(await verdict(ten, { kind: 'grype-db', maxAgeDays: 1 })).toEqual([]);
    expect(await verdict(ten, { match: 'AV/*', maxAgeDays: 9 })).toContain('CONTENT_TOO_OLD');
    expect(await verdict(ten, { match: 'db/*', maxAgeDays: 9 })).toEqual([]);
    expect(await verdict(ten, { match: 'av/*', kind: 'grype-db', maxAgeDays: 90 })).toContain(
      'is clamav-db, and must be grype-db',
    );
    expect(await verdict(grype(BUILT), { match: 'db/**', maxAgeDays: 10 })).toEqual([]);
    expect(await verdict(grype(BUILT), { match: 'db/**', maxAgeDays: 9 })).toContain('10 days old');
  });

  it('cannot be kept from the policy by a release that says nothing of it', async () => {
    const silent = simulatedRelease({ files: { 'av/daily.cvd': cvd('signatures') } });
    expect(await verdict(silent)).toEqual([]);
    expect(await verdict(silent, { match: 'av/**', maxAgeDays: 30 })).toContain(
      'file av/daily.cvd has no date, and may be of any age',
    );
  });

  it('cannot be kept from the policy by a directory that has the file in it', async () => {
    const hidden = simulatedRelease({ files: { 'av/': cvd('signatures') } });
    const { root, ...item } = hidden.manifest.items[0];
    const files = [{ path: 'Daily.cvd', digest: root.digest, size: root.size }];
    hidden.manifest.items[0] = { ...item, files };
    expect(await verdict(hidden, { match: 'db/daily.cvd', maxAgeDays: 30 })).toEqual([]);
    for (const match of ['av/daily.cvd', 'av/*', 'av/**'])
      expect(await verdict(hidden, { match, maxAgeDays: 30 })).toContain(
        'has no date, and may be of any age',
      );
    hidden.manifest.items[0].files = listAsBlob(hidden, files, encodeFileList(files));
    expect(await verdict(hidden, { match: 'av/daily.cvd', maxAgeDays: 30 })).toContain('has no date');
  });

  it('cannot be kept from the policy by a chart in the place of an image', async () => {
    const chart = simulatedRelease({ charts: { 'ghcr.io/org/db:1.0.0': 'db' } });
    expect(await verdict(chart, { match: 'ghcr.io/org/db', maxAgeDays: 30 })).toContain('has no date');
    expect(await verdict(chart, { match: 'ghcr.io/org/other', maxAgeDays: 30 })).toEqual([]);
  });

  it('counts for a database under a name that no recipe has', async () => {
    const release = simulatedRelease({ files: { 'av/DAILY.CVD': cvd('signatures') } });
    release.manifest.items[0].content = { kind: 'clamav-db', updated: BUILT };
    expect(await verdict(release, { kind: 'clamav-db', maxAgeDays: 9 })).toContain('CONTENT_TOO_OLD');
  });

  it('of one file in a repository is not that of the repository', async () => {
    const content = { kind: 'apt', updated: BUILT, until: '2026-03-17T00:00:00Z' };
    expect(await verdict(repository(content), { match: 'debian/**', maxAgeDays: 10 })).toHaveLength(1);
    expect(await verdict(repository(content), { match: 'debian/**', maxAgeDays: 9 })).toContain(
      '10 days old',
    );
    expect(
      await verdict(repository(content), { match: '**/Release', kind: 'clamav-db', maxAgeDays: 90 }),
    ).toContain('file debian/dists/stable/Release has no date');
  });

  it('is not told from a date that is yet to come', async () => {
    const inside = new Inside();
    inside.clock.advance(-12 * 86_400);
    const ahead = daily({ kind: 'clamav-db', updated: BUILT });
    inside.trust.content = [{ kind: 'clamav-db', maxAgeDays: 9 }];
    await inside.carry(ahead);
    await expect(inside.verify(first)).rejects.toMatchObject({
      code: 'CONTENT_TOO_OLD',
      category: 'trust',
      message: expect.stringContaining('which is yet to come'),
      hint: expect.stringContaining('it is 2026-03-08T00:00Z by the clock here'),
    });
  });

  it('stands in the record of the import', async () => {
    const inside = new Inside();
    await inside.carry(daily({ kind: 'clamav-db', updated: BUILT }));
    const { record } = await inside.importRelease();
    expect(record.items).toMatchObject([
      { item: 'file av/daily.cvd', content: { updated: BUILT, age: 864_000 } },
    ]);
  });

  it('of a repository is that of its Release file', async () => {
    const content = { kind: 'apt', updated: BUILT, until: '2026-03-17T00:00:00Z' };
    expect(await verdict(repository(content))).toEqual([
      'file debian/ (apt) is of 2026-03-10T00:00:00Z, and good until 2026-03-17T00:00:00Z only, as its maker says',
    ]);
    expect(await verdict(repository(content), { kind: 'apt', maxAgeDays: 9 })).toContain('CONTENT_TOO_OLD');
    expect(await verdict(repository({ ...content, updated: NEWER }))).toContain('MANIFEST_INVALID');
    expect(await verdict(repository({ kind: 'apt', updated: BUILT }))).toBe(
      'MANIFEST_INVALID: file debian/ is not what the release says: it is good until 2026-03-17T00:00:00Z, and the release says any time',
    );
    expect(await verdict(repository(content, 'today'))).toContain('CONTENT_INVALID');
    expect(await verdict(longRepository({ ...content, updated: NEWER }))).toContain('MANIFEST_INVALID');
    expect(await verdict(longRepository(content), { kind: 'apt', maxAgeDays: 10 })).toHaveLength(1);
  });

  it('comes with no signature of ClamAV that is not there', async () => {
    expect(await verdict(daily({ kind: 'clamav-db', updated: BUILT }, cvd('x'), ['clamav']))).toContain(
      'it is not signed by the makers of ClamAV',
    );
  });
});
