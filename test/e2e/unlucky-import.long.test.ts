import { renameSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault, ProcessResult, TestRequest, TestServer } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BreakableZone,
  BUCKET,
  makeBreakableZone,
  REPOSITORY,
  type ZoneCopy,
} from '../support/breakable-zone.ts';
import { gapferry } from '../support/command-line.ts';
import { lookAtZone, type ZoneView } from '../support/look-at-zone.ts';

const MINUTES = 300_000;
/** Who looks for names finds the release before. */
const OLD: Partial<ZoneView> = {
  attachments: 'old',
  images: 'old',
  charts: 'old',
  git: 'old',
  index: 'old',
  latest: 'old',
};
const NEW: ZoneView = {
  digests: 'all',
  attachments: 'new',
  images: 'new',
  charts: 'new',
  git: 'new',
  index: 'new',
  latest: 'new',
};
type Server = 'registry' | 'gitea' | 'store';
/** What a permission is tried out with does not count: it is the middle that is meant. */
const CONTENT: Readonly<Record<Server, (request: TestRequest) => boolean>> = {
  registry: ({ method, url }) => /^(?:PUT|PATCH)$/.test(method) && /\/blobs\/uploads\//.test(url),
  gitea: ({ method, url }) => method === 'POST' && url.endsWith('/git-receive-pack'),
  store: ({ method, url }) => method === 'PUT' && /\/line-a\/1\.1\.0\/kit/.test(url),
};

describe('bad luck in the middle of an import', { timeout: MINUTES, concurrent: true }, () => {
  let zone: BreakableZone;
  beforeAll(async () => {
    zone = await makeBreakableZone();
  }, MINUTES);
  afterAll(() => zone[Symbol.asyncDispose]());

  const load = (copy: ZoneCopy, place = zone.place(2)): Promise<ProcessResult> =>
    gapferry(copy.inside, ['import', place, ...copy.site, '--yes']);
  const view = (copy: ZoneCopy): Promise<ZoneView> => lookAtZone(copy, zone.release(1), zone.release(2));

  /** With the trouble over, the command that failed finishes. */
  async function expectRecovery(copy: ZoneCopy, place?: string): Promise<void> {
    const { code, stderr, stdout } = await load(copy, place);
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect(await view(copy)).toEqual(NEW);
  }

  /**
   * 500, a line that is cut and an answer that is lost, in turn. The same question stumbles once only: several that
   * are asked side by side could else keep step with the count, and one of them be hit by chance at each try.
   * Returns what stumbled so far.
   */
  function stumbling(server: TestServer, every: number): ReadonlySet<string> {
    const actions: Fault['do'][] = [
      { kind: 'status', status: 500 },
      { kind: 'cutUpload', afterBytes: 0 },
      { kind: 'lostAnswer' },
    ];
    const stumbled = new Set<string>();
    let asked = 0;
    for (const [i, action] of actions.entries())
      server.addFault({
        match: (request) => {
          if (i === 0) asked += 1;
          if (asked < every || stumbled.size % actions.length !== i || stumbled.has(question(request)))
            return false;
          asked = 0;
          stumbled.add(question(request));
          return true;
        },
        do: action,
      });
    return stumbled;
  }

  /** Beginning an upload in a repository is one question, sending what it is about another. */
  const question = ({ method, url }: TestRequest): string =>
    `${method.replace('PATCH', 'PUT')} ${url.replace(/\?.*/, '').replace(/(\/uploads\/).+/, '$1')}`;

  it.each<Server>(['registry', 'store'])(
    'a server that stumbles at every fifth question is asked again: %s',
    async (server) => {
      await using copy = await zone.fresh();
      const stumbled = stumbling(copy[server], 5);
      await expectRecovery(copy);
      expect(stumbled.size, [...stumbled].join('\n')).toBeGreaterThan(server === 'registry' ? 5 : 3);
    },
  );

  // The one push that sets the names is not made twice.
  it('a Git host that stumbles at every fourth question gets there by the second import at the latest', async () => {
    await using copy = await zone.fresh();
    stumbling(copy.gitea, 4);
    const first = await load(copy);
    expect([0, 3], first.stderr).toContain(first.code);
    if (first.code === 3) expect(first.stdout).toContain('run the import again to go on');
    expect(await view(copy)).toMatchObject({ digests: 'all', images: 'new', charts: 'new' });
    copy.gitea.clearFaults();
    await expectRecovery(copy);
    expect(copy.gitea.repository(REPOSITORY).branchRules).toMatchObject([
      { rule_name: 'main', enable_push: false },
    ]);
  });

  it.each<Server>(['registry', 'gitea', 'store'])(
    'a server that dies is named, nothing new has a name, and when it is back the same command finishes: %s',
    async (server) => {
      await using copy = await zone.fresh();
      let isDead = false;
      copy[server].addFault({
        match: (request) => {
          isDead ||= CONTENT[server](request);
          return isDead;
        },
        do: { kind: 'cutUpload', afterBytes: 0 },
      });
      const { code, stderr } = await load(copy);
      expect(code, stderr).toBe(6);
      expect(stderr).toContain(copy[server].host);
      expect(stderr).toMatch(/hint: .*again/);
      expect(await view(copy)).toMatchObject(OLD);
      copy[server].clearFaults();
      await expectRecovery(copy);
    },
  );

  it.each<[Server, number, RegExp]>([
    ['registry', 401, /credentials/],
    ['gitea', 401, /check `credentials` of the target/],
    ['gitea', 403, /may not do this/],
    ['store', 403, /permission|credentials/],
  ])('credentials that are revoked in the middle: %s says %d', async (server, status, hint) => {
    await using copy = await zone.fresh();
    let taken = 0;
    copy[server].addFault({
      match: (request) => CONTENT[server](request) && (server === 'gitea' || ++taken > 1),
      do: { kind: 'status', status, headers: { 'www-authenticate': 'Basic realm="plant"' } },
    });
    const { code, stderr } = await load(copy);
    expect(code, stderr).toBe(6);
    expect(/^hint: (.*)$/m.exec(stderr)?.[1], stderr).toMatch(hint);
    expect(await view(copy)).toMatchObject(OLD);
    copy[server].clearFaults();
    await expectRecovery(copy);
  });

  it('a quota of the store that is reached in the middle is told as such', async () => {
    await using copy = await zone.fresh();
    let taken = 0;
    const body = `<?xml version="1.0"?><Error><Code>XMinioAdminBucketQuotaExceeded</Code><Message>Bucket quota exceeded</Message><BucketName>${BUCKET}</BucketName></Error>`;
    copy.store.addFault({
      match: (request) => CONTENT.store(request) && ++taken > 1,
      do: { kind: 'status', status: 400, headers: { 'content-type': 'application/xml' }, body },
    });
    const { code, stderr } = await load(copy);
    expect(code, stderr).toBe(8);
    expect(stderr).toMatch(/quota/i);
    expect(stderr).toMatch(/hint: .*(room|quota)/);
    expect(await view(copy)).toMatchObject(OLD);
    copy.store.clearFaults();
    await expectRecovery(copy);
  });

  it('a medium that is pulled out is told as such, and plugged in again the same command finishes', async () => {
    const stick = zone.machines.path('stick');
    await cp(join(zone.machines.outside.directory, 'depot'), stick, { recursive: true });
    const place = `${stick}#line-a/2`;
    for (const server of ['registry', 'store'] as const) {
      await using copy = await zone.fresh();
      let isOut = false;
      copy[server].addFault({
        match: (request) => {
          if (isOut || !CONTENT[server](request)) return false;
          renameSync(stick, `${stick}.out`);
          isOut = true;
          return false;
        },
        do: { kind: 'stall' },
      });
      const { code, stderr } = await load(copy, place);
      expect(code, stderr).toBe(8);
      expect(stderr).toContain(`${stick} cannot be read any more`);
      expect(stderr).toMatch(/hint: was the medium unplugged\? plug it in and run the same command again/);
      expect(await view(copy)).toMatchObject(OLD);
      await rename(`${stick}.out`, stick);
      await expectRecovery(copy, place);
    }
  });

  it('a second operator is told who imports what since when, and what runs is not disturbed', async () => {
    await using copy = await zone.fresh();
    const { promise: holds, resolve } = Promise.withResolvers<void>();
    let isHeld = false;
    copy.store.addFault({
      match: (request) => {
        if (isHeld || !CONTENT.store(request)) return false;
        isHeld = true;
        resolve();
        return true;
      },
      do: { kind: 'stall' },
    });
    const running = load(copy);
    await holds;
    const second = await load(copy);
    expect(second.code, second.stderr).toBe(8);
    expect(second.stderr).toMatch(/process \d+, since \S+: import .*#line-a\/2/);
    const [, holder] = /process (\d+), since/.exec(second.stderr) ?? [];
    process.kill(Number(holder), 'SIGTERM');
    expect((await running).code).toBe(130);
    copy.store.clearFaults();
    await expectRecovery(copy);
  });
});
