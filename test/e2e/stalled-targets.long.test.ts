import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultAction, ProcessResult, TestRequest } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BreakableZone, makeBreakableZone, type ZoneCopy } from '../support/breakable-zone.ts';
import { gapferry } from '../support/command-line.ts';
import { lookAtZone, type ZoneView } from '../support/look-at-zone.ts';

const MINUTES = 300_000;
/** Seconds that a target may be silent for here. A machine under load has to answer by then. */
const PATIENCE = 3;
const OLD: Partial<ZoneView> = { images: 'old', charts: 'old', git: 'old', index: 'old', latest: 'old' };
const NEW: Partial<ZoneView> = { images: 'new', charts: 'new', git: 'new', index: 'new', latest: 'new' };

type Server = 'registry' | 'gitea' | 'store';
const TARGET: Readonly<Record<Server, string>> = { registry: 'plant', gitea: 'forge', store: 'store' };

/** One moment at which a target stalls. */
interface Stall {
  readonly server: Server;
  readonly when: string;
  readonly match: (request: TestRequest) => boolean;
  /** What the error says of the silence. */
  readonly says: RegExp;
  readonly item: string;
}

const isUpload = ({ method, url }: TestRequest): boolean =>
  /^(?:PUT|PATCH)$/.test(method) && url.includes('/blobs/uploads/');
const isPush = ({ method, url }: TestRequest): boolean =>
  method === 'POST' && url.endsWith('/git-receive-pack');
const isFile = ({ method, url }: TestRequest, name: string): boolean =>
  method === 'PUT' && url.includes(`/line-a/1.1.0/kit/${name}`);

const STALLS: readonly Stall[] = [
  {
    server: 'registry',
    when: 'takes a blob and says nothing',
    match: isUpload,
    says: /said nothing for 3 s after it had got all of what was sent/,
    item: 'registry.upstream.example/line-a/',
  },
  {
    server: 'gitea',
    when: 'takes a push and says nothing',
    match: isPush,
    says: /nothing was heard for 3(?:\.\d)? s/,
    item: 'git.upstream.example/ops/deploy',
  },
  {
    server: 'store',
    when: 'takes a part of a large file and no more',
    match: (request) => isFile(request, 'large.bin'),
    says: /took nothing more of .* for 3 s|said nothing for 3(?:\.\d)? s after it had got all/,
    item: 'kit',
  },
];

describe('a target that stalls', { timeout: MINUTES, concurrent: true }, () => {
  let zone: BreakableZone;
  beforeAll(async () => {
    zone = await makeBreakableZone();
  }, MINUTES);
  afterAll(() => zone[Symbol.asyncDispose]());

  const view = (copy: ZoneCopy): Promise<ZoneView> => lookAtZone(copy, zone.release(1), zone.release(2));
  const load = (copy: ZoneCopy): Promise<ProcessResult> =>
    gapferry(copy.inside, ['import', zone.place(2), ...copy.site, '--yes']);

  /** A site with targets that may be silent for a few seconds only. The others may take their time. */
  async function impatient(...servers: readonly Server[]): Promise<ZoneCopy & { relax(): Promise<void> }> {
    const copy = await zone.fresh();
    const file = join(copy.inside.directory, copy.site[1] ?? '');
    const text = await readFile(file, 'utf8');
    const names = servers.map((server) => TARGET[server]).join('|');
    const line = new RegExp(`- \\{name: (?:${names}), `, 'g');
    await writeFile(file, text.replace(line, `$&patience: ${PATIENCE}, `));
    return { ...copy, relax: () => writeFile(file, text) };
  }

  function stall(copy: ZoneCopy, server: Server, match: Stall['match'], afterBytes?: number): void {
    const action: FaultAction = { kind: 'stall', ...(afterBytes !== undefined && { afterBytes }) };
    copy[server].addFault({ match, do: action });
  }

  it.each(STALLS)('$server $when', async ({ server, match, says, item }) => {
    await using copy = await impatient(server);
    stall(copy, server, match);
    const { code, stderr } = await load(copy);
    expect(code, stderr).toBe(6);
    const { host } = copy[server];
    expect(stderr).toMatch(new RegExp(`^  waiting for ${host}, silent for `, 'm'));
    const error = /^gapferry: error: .*$/m.exec(stderr)?.[0];
    expect(error, stderr).toMatch(says);
    expect(error).toContain(host);
    expect(error).toContain(`target ${TARGET[server]}`);
    expect(error).toContain(item);
    expect(stderr).toMatch(/^hint: .*run the (?:same command|import) again/m);
    expect(await view(copy)).toMatchObject(OLD);
    copy[server].clearFaults();
    await copy.relax();
    const again = await load(copy);
    expect(again.code, `${again.stdout}${again.stderr}`).toBe(0);
    expect(await view(copy)).toMatchObject(NEW);
  });

  // The host has done what it was asked, and names are set once: nobody may take the silence for a failure.
  it('gitea stops in the middle of its answers to pushes', async () => {
    await using copy = await impatient('gitea');
    stall(copy, 'gitea', isPush, 3);
    const { code, stdout, stderr } = await load(copy);
    expect(code, stderr).toBe(3);
    expect(stdout).toContain('run the import again to go on');
    expect(stderr).toMatch(/at target forge: could not push to \S+: nothing was heard for 3 s/);
    expect(await view(copy)).toMatchObject({ ...OLD, images: 'new', charts: 'new', git: 'new' });
    copy.gitea.clearFaults();
    await copy.relax();
    expect((await load(copy)).code).toBe(0);
    expect(await view(copy)).toMatchObject(NEW);
  });

  it('is told by status as unknown, with why, and the others are told as they are', async () => {
    await using copy = await impatient('registry', 'store');
    for (const server of ['registry', 'store'] as const) stall(copy, server, () => true);
    await copy.gitea.close();
    const { code, stdout, stderr } = await gapferry(copy.inside, ['status', ...copy.site]);
    expect(code, stdout + stderr).toBe(6);
    for (const server of ['registry', 'store'] as const) {
      const { host } = copy[server];
      expect(stderr).toMatch(new RegExp(`^  waiting for ${host}, silent for `, 'm'));
      const why = `${TARGET[server]}: 0 name.* could not be asked: .*${host} said nothing for 3 s when it was asked for`;
      expect(stdout).toMatch(new RegExp(`^  target  ${why}`, 'm'));
    }
    expect(stdout).toMatch(/^ {2}target {2}forge: 0 name.* could not be asked: .*it cannot be reached/m);
    expect(stdout).toMatch(/^ {2}target {2}embedded: 1 name\(s\) as they were left$/m);
  });

  it('keeps no other from being asked by plan: all that are silent are named at once', async () => {
    await using copy = await impatient('registry', 'gitea', 'store');
    for (const server of ['registry', 'gitea'] as const) stall(copy, server, () => true);
    stall(copy, 'store', ({ method, url }) => method === 'GET' && url.includes('index.json'), 10);
    const { code, stdout, stderr } = await gapferry(copy.inside, ['plan', zone.place(2), ...copy.site]);
    expect(code, stdout + stderr).toBe(6);
    expect(stderr).toContain('error: 3 things are in the way of loading the release:');
    const why: Readonly<Record<Server, string>> = {
      registry: 'said nothing for 3 s when it was asked for .* \\(HEAD /v2/',
      gitea: 'said nothing for 3 s when it was asked for .* \\(GET /api/v1/',
      store: 'sent no more than 10 bytes of the index object for 3 s',
    };
    for (const server of ['registry', 'gitea', 'store'] as const) {
      const { host } = copy[server];
      expect(stderr).toMatch(new RegExp(`^  waiting for ${host}, silent for `, 'm'));
      expect(stderr).toMatch(new RegExp(`^  ${TARGET[server]}: .* ${host} ${why[server]}`, 'm'));
    }
  });
});
