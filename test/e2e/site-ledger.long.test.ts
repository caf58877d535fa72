import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { digestOf } from '@gapferry/core';
import { isMissing, type ProcessResult, runProcess } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgram } from '../live/support/start-program.ts';
import { gapferry, gapferryCommand, gapferryJson, type Reported } from '../support/command-line.ts';
import { cannotUnshare, readOnlyAt } from '../support/namespaces.ts';
import { signalledAt } from '../support/signalled.ts';
import { smallDiskAt } from '../support/small-disk.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit.txt, as: kit.txt}
`;
const SITE = ['--site', 'site/site.yaml'];
let machines: TwoMachines;
beforeAll(async () => {
  machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
  const kit = join(machines.outside.directory, 'kit.txt');
  await writeFile(kit, 'one');
  await machines.collect('--first', '--version', '1.0.0');
  await writeFile(kit, 'two');
  await machines.collect('--version', '1.1.0');
}, 60_000);
afterAll(() => machines.close());

const state = (...parts: readonly string[]): string =>
  join(machines.inside.directory, 'site/state', ...parts);
const release = (sequence: number): string =>
  `${join(machines.outside.directory, 'depot')}#line-a/${sequence}`;
const importing = (sequence: number, exitCode = 0): Promise<Reported> =>
  gapferryJson(machines.inside, ['import', release(sequence), ...SITE, '--yes'], exitCode);
const verifying = (exitCode: number, ...flags: string[]): Promise<Reported> =>
  gapferryJson(machines.inside, ['ledger', 'verify', 'site/state', ...flags], exitCode);

interface Row {
  readonly idx: number;
  readonly at: string;
  readonly kind: string;
  readonly data: string;
  readonly previous: string;
}

/** As somebody with the file and with SQLite would. */
function tamper(work: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(state('ledger.db'));
  const triggers = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${String(name)}`);
  work(database);
  for (const { sql } of triggers) database.exec(String(sql));
  database.close();
}

/** Everything that would use the ledger refuses, and nothing changes. */
async function expectRefused(message: RegExp): Promise<void> {
  const before = await treeDigest(machines.embedded());
  for (const command of ['plan', 'import']) {
    const args = [command, release(2), ...SITE, ...(command === 'import' ? ['--yes'] : [])];
    const { error } = await gapferryJson(machines.inside, args, 4);
    expect(error).toMatchObject({ code: 'LEDGER_TAMPERED', message: expect.stringMatching(message) });
    expect(error?.hint).toMatch(/newest backup.*gapferry ledger restart/);
  }
  expect(await treeDigest(machines.embedded())).toBe(before);
}

describe('a ledger of a site', { timeout: 60_000 }, () => {
  it('that somebody changed, its digest too, stops what would use it, and entry and kind are named', async () => {
    await importing(1);
    await copyFile(state('ledger.db'), machines.path('after-1.db'));
    await importing(2);
    await copyFile(state('ledger.db'), machines.path('after-2.db'));
    tamper((database) => {
      const row = database.prepare("SELECT * FROM entry WHERE kind = 'import.began'").get() as unknown as Row;
      const data = row.data.replace('plant-7', 'plant-8');
      const { at, idx, kind, previous } = row;
      const digest = digestOf(
        `{"at":"${at}","data":${data},"index":${idx},"kind":"${kind}","previous":"${previous}"}`,
      );
      database.prepare('UPDATE entry SET data = ?, digest = ? WHERE idx = ?').run(data, digest, idx);
    });
    await expectRefused(/^entry 3 \(import\.\w+\) of the ledger .*does not follow the one before it/);
    expect((await verifying(4)).error?.message).toMatch(/^entry 3/);
  });

  it('that was cut stops it, and who tells of the missing entries is named', async () => {
    await copyFile(machines.path('after-2.db'), state('ledger.db'));
    tamper((database) => database.exec('DELETE FROM entry WHERE idx > (SELECT max(idx) - 1 FROM entry)'));
    await expectRefused(/is missing, and the site's trust-state\.json tells of entry \d+$/);
    tamper((database) => database.exec('DELETE FROM entry WHERE idx > (SELECT max(idx) - 2 FROM entry)'));
    await expectRefused(/is missing, and the site's trust-state\.json tells of entry \d+$/);
  });

  it('that is an older one stops it, also where the state was put back as well: the receipt tells', async () => {
    await copyFile(machines.path('after-1.db'), state('ledger.db'));
    await expectRefused(/is missing, and the site's trust-state\.json tells/);
    const told = await verifying(4, '--receipt', state('receipts/000002-line-a-2.sigstore.json'));
    expect(told.error?.code).toBe('LEDGER_TAMPERED');
    await copyFile(state('trust-state.json'), machines.path('trust-state.json'));
    const { ledger: _, ...older } = JSON.parse(await readFile(state('trust-state.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    await writeFile(state('trust-state.json'), JSON.stringify(older));
    await expectRefused(/is missing, and the receipt 000002-line-a-2\.sigstore\.json tells of entry \d+$/);
    await copyFile(machines.path('trust-state.json'), state('trust-state.json'));
  });

  it('that is gone stops it, and none is made in its place', async () => {
    await rm(state('ledger.db'));
    await expectRefused(/^the ledger .*ledger\.db is gone; the receipt 000001-line-a-1/);
    expect(await readdir(state())).not.toContain('ledger.db');
    const pinning = ['trust', 'pin', ...SITE, '--fingerprint', await fingerprint()];
    expect((await gapferryJson(machines.inside, pinning, 4)).error?.code).toBe('LEDGER_TAMPERED');
  });

  it('that comes back from a backup lets everything go on', async () => {
    await copyFile(machines.path('after-2.db'), state('ledger.db'));
    expect(await verifying(0)).toMatchObject({ noted: 3 });
    expect(await importing(2)).toMatchObject({ kind: 'unchanged' });
  });
});

describe('an exported ledger', { timeout: 60_000 }, () => {
  const exporting = (...flags: string[]): Promise<ProcessResult> =>
    gapferry(machines.inside, ['ledger', 'export', 'site/state', ...flags]);
  const linesOf = ({ stdout }: ProcessResult): string[] => stdout.trimEnd().split('\n');

  it.skipIf(isMissing('python3'))('is proved by the script of the specification alone', async () => {
    const page = await readFile(new URL('../../docs/spec/13-ledger.md', import.meta.url), 'utf8');
    const script = /```python\n(.*?)```/s.exec(page)?.[1] ?? '';
    const exported = await exporting();
    const { head, entries } = await verifying(0);
    const proving = { input: exported.stdout, env: { PATH: process.env['PATH'] } };
    expect((await runProcess('python3', ['-c', script], proving)).stdout.trim()).toBe(
      (head as { digest: string }).digest,
    );
    expect(linesOf(exported)).toHaveLength(Number(entries));
    const changed = { ...proving, input: exported.stdout.replace('"plant-7"', '"plant-8"') };
    expect((await runProcess('python3', ['-c', script], changed)).code).toBe(1);
    const without = { ...proving, input: exported.stdout.replace(/\n.*import\.items.*\n/, '\n') };
    expect((await runProcess('python3', ['-c', script], without)).code).toBe(1);
  });

  it('begins where the last one ended, by number or by time, and is written whole or not at all', async () => {
    const all = linesOf(await exporting());
    expect(linesOf(await exporting('--since', '5'))).toEqual(all.slice(4));
    expect(linesOf(await exporting('--since', '2020-01-01'))).toEqual(all);
    expect((await exporting('--since', '2999-01-01T00:00:00Z')).stdout).toBe('');
    expect((await exporting('--since', 'yesterday')).code).toBe(2);
    expect((await exporting('--json')).code).toBe(2);
    const told = await exporting('-o', 'ledger.jsonl', '--json');
    expect(JSON.parse(told.stdout)).toMatchObject({ entries: all.length, format: 'json-lines' });
    const file = join(machines.inside.directory, 'ledger.jsonl');
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toEqual(all);
    expect((await exporting('-o', 'nowhere/ledger.jsonl')).code).toBe(8);
    expect((await exporting('-o', 'ledger.jsonl', '--format', 'cef')).code).toBe(0);
    expect((await exporting('-o', 'ledger.jsonl', '--format', 'syslog')).code).toBe(0);
    expect((await exporting('-o', 'ledger.jsonl')).code).toBe(0);
    for (const precious of ['site/state/ledger.db', 'site/state/trust-state.json', 'site'])
      expect((await exporting('-o', precious)).code).toBe(2);
    await verifying(0);
  });

  it('is for a SIEM one line for each entry', async () => {
    const cef = linesOf(await exporting('--format', 'cef'));
    expect(cef.every((line) => line.startsWith('CEF:0|gapferry|gapferry|'))).toBe(true);
    expect(cef.filter((line) => line.includes('|import.finished|'))[0]).toMatch(
      /\|3\|rt=\d+ externalId=\d+ deviceExternalId=plant-7 cs1Label=channel cs1=line-a .*outcome=loaded/,
    );
    const syslog = linesOf(await exporting('--format', 'syslog'));
    expect(syslog.map((line) => line.replace(/^<\d+>1 \S+Z - gapferry - \S+ - /, ''))).toEqual(cef);
  });

  it('is not written of a ledger that was changed', async () => {
    await copyFile(state('ledger.db'), machines.path('good.db'));
    tamper((database) => database.exec("UPDATE entry SET at = '2020-01-01T00:00:00Z' WHERE idx = 2"));
    const refused = await exporting();
    expect([refused.code, refused.stdout]).toEqual([4, '']);
    await copyFile(machines.path('good.db'), state('ledger.db'));
  });
});

async function fingerprint(): Promise<string> {
  const shown = await gapferryJson(machines.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
  return (shown['fingerprint'] as { words: string }).words;
}

describe('a ledger that is lost for good', { timeout: 60_000 }, () => {
  const restarting = async (exitCode: number, words?: string): Promise<Reported> =>
    gapferryJson(
      machines.inside,
      [
        'ledger',
        'restart',
        ...SITE,
        '--reason',
        'disk died',
        '--fingerprint',
        words ?? (await fingerprint()),
      ],
      exitCode,
    );

  it('is begun anew only by who has the fingerprint, and only when it is lost', async () => {
    expect((await restarting(2)).error?.message).toContain('is whole');
    await copyFile(machines.path('after-1.db'), state('ledger.db'));
    expect((await restarting(4, 'abandon ability able')).error?.code).toBe('TRUST_MISMATCH');
    expect(await readdir(state())).not.toContainEqual(expect.stringMatching(/^ledger\.db\.lost/));
  });

  it('is set aside, says so for ever, and the site goes on where it was', async () => {
    const told = await restarting(0);
    expect(told).toMatchObject({
      given: 3,
      setAside: expect.stringMatching(/^ledger\.db\.lost-\d{8}T\d{6}Z$/),
    });
    expect(await readdir(state())).toContain(told['setAside']);
    const forgotten = await gapferryJson(machines.inside, ['status', ...SITE], 6);
    expect(forgotten['channels']).toMatchObject([
      { channel: 'line-a', mark: 2, notCompared: { message: expect.stringContaining('begun anew') } },
    ]);
    const { stdout: shown } = await gapferry(machines.inside, ['status', ...SITE, '--channel', 'line-a']);
    expect(shown).not.toMatch(/^ *loaded|nothing was imported/m);
    expect((await importing(1, 4)).error?.code).toBe('ROLLBACK');
    expect(await importing(2)).toMatchObject({ kind: 'unchanged' });
    await gapferryJson(machines.inside, ['status', ...SITE]);
    const { restarts } = await verifying(0);
    expect(restarts).toMatchObject([{ index: 1, reason: 'disk died' }]);
    const { stdout } = await gapferry(machines.inside, ['ledger', 'verify', 'site/state']);
    expect(stdout).toMatch(/entry 1: begun anew at .* what was before is lost: disk died/);
  });

  it('is no way to lose the new one as silently', async () => {
    await rename(state('ledger.db'), machines.path('new.db'));
    await expectRefused(/is gone/);
    await copyFile(machines.path('after-2.db'), state('ledger.db'));
    await expectRefused(/is another one than the one of which the site's trust-state\.json tells/);
    await rename(machines.path('new.db'), state('ledger.db'));
    await verifying(0);
  });
});

describe('a second operator', { timeout: 60_000 }, () => {
  it('is told who does what, where and since when', async () => {
    await rm(machines.embedded(), { recursive: true, force: true });
    // Stands still in the middle of its work until it is told to go on.
    const stopped = signalledAt(machines.inside, 'SIGSTOP', 'embedded');
    const args = ['import', release(2), ...SITE, '--yes', '--events', '-'];
    const { program, argv, cwd, env } = gapferryCommand(stopped, args);
    await using held = await startProgram(program, argv, { ready: /"stage":"verify"/, cwd, env });
    for (const command of ['plan', 'import']) {
      const { error } = await gapferryJson(
        machines.inside,
        [command, release(2), ...SITE, ...(command === 'import' ? ['--yes'] : [])],
        8,
      );
      expect(error).toMatchObject({ code: 'LOCKED', data: { pid: held.pid, host: hostname() } });
      expect(error?.message).toMatch(
        new RegExp(
          `by ${userInfo().username} on ${hostname()}, process ${held.pid}, since \\d{4}-.*Z: import /.*depot#line-a/2$`,
        ),
      );
    }
    process.kill(held.pid, 'SIGCONT');
    await held.stop();
    expect(await importing(2)).toMatchObject({ ok: true });
  });
});

describe.skipIf(cannotUnshare('--mount') || isMissing('nsenter'))(
  'a ledger that cannot be written',
  { timeout: 60_000 },
  () => {
    it('stops an import before its first effect: the file system is read-only', async () => {
      const readOnly = { ...machines.inside, through: readOnlyAt(state()) };
      const before = await treeDigest(machines.embedded());
      const { error } = await gapferryJson(readOnly, ['import', release(2), ...SITE, '--yes'], 8);
      expect(error?.code).toMatch(/^(READ_ONLY|LEDGER_UNWRITABLE)$/);
      expect(await treeDigest(machines.embedded())).toBe(before);
    });

    it('stops an import before its first effect: the disk is full', async () => {
      const copy = machines.path('state-copy');
      await rename(state(), copy);
      await mkdir(state());
      await rm(machines.embedded(), { recursive: true, force: true });
      await using disk = await smallDiskAt(state(), 2);
      await disk.run('cp', ['-r', `${copy}/.`, state()]);
      // What is left is enough for the lock's note, and not for an entry.
      await disk.run('sh', [
        '-c',
        'dd if=/dev/zero of=filler bs=4096 2>/dev/null; truncate -s -8192 filler; true',
      ]);
      const inside = { ...machines.inside, through: disk.through };
      const { error } = await gapferryJson(inside, ['import', release(2), ...SITE, '--yes'], 8);
      expect(error?.code).toBe('LEDGER_UNWRITABLE');
      expect(await treeDigest(machines.embedded('files'))).toBe('none');
      await disk.run('rm', ['filler']);
      expect(await gapferryJson(inside, ['import', release(2), ...SITE, '--yes'])).toMatchObject({
        kind: 'loaded',
      });
    });
  },
);
