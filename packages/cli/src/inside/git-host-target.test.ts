import { type GitContent, type GitRefs, type Load, type Presence, quietRun } from '@gapferry/core';
import type { TargetGitState } from '@gapferry/core/testing';
import { createRepository, type TestGitRepository } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GitHostFixture,
  type GitHostKind,
  type OpenOptions,
  openGitHostFixture,
} from '../testing/git-host-fixture.ts';
import { gitState } from '../testing/git-states.ts';

const run = quietRun();
const cleanup: Array<() => Promise<void>> = [];
let fixture: GitHostFixture;
let upstream: TestGitRepository;

afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function start(kind: GitHostKind, more: Parameters<typeof openGitHostFixture>[1] = {}): Promise<void> {
  fixture = await openGitHostFixture(kind, more);
  cleanup.push(() => fixture.close());
  upstream = await createRepository(fixture.path('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, tags: ['v1'] },
    { message: 'two', files: { 'a.txt': 'two\n' } },
    { message: 'aside', branch: 'release', files: { 'b.txt': 'b\n' } },
    { message: 'three', branch: 'main', files: { 'a.txt': 'three\n' } },
  ]);
}

/** What upstream is now, under a name of the target. */
async function release(repository = 'git.example/line/infra'): Promise<TargetGitState> {
  const { content, refs, medium } = await gitState(upstream);
  const base = { repository, item: `git ${repository}`, source: `https://${repository}.git` };
  return { content: { ...content, ...base }, refs: { ...refs, ...base }, medium };
}

type Wants = OpenOptions & { readonly prunes?: boolean };

/** Like an import of one repository: survey, content, barrier, names. Returns what the survey said of the refs. */
async function load(state: TargetGitState, wants: Wants = {}): Promise<Presence> {
  const { target } = fixture.open(wants);
  const presence = await survey(state, target);
  await target.load(state.content, state.medium, run);
  await target.readBack(state.content, run);
  await target.load(planned(state.refs, presence, wants.prunes), state.medium, run);
  await target.close();
  return presence;
}

type Target = ReturnType<GitHostFixture['open']>['target'];

async function survey({ content, refs, medium }: TargetGitState, target: Target): Promise<Presence> {
  await target.preflight([content, refs], run, medium);
  await target.inspect(content, run);
  return await target.inspect(refs, run);
}

function planned(refs: GitRefs, presence: Presence, prunes = false): GitRefs {
  const gone = (presence.prunable ?? []).map(({ ref, from = '' }) => [ref, from] as const);
  return {
    ...refs,
    ...(presence.state === 'different' && { replaces: presence.there }),
    ...(prunes && { prunes: Object.fromEntries(gone) }),
  };
}

const PLACE = 'git.example/line-infra';
const NESTED = 'git.example/line/infra';
const there = (path = PLACE): Promise<Record<string, string>> =>
  (fixture.gitea ?? fixture.gitlab)?.repositories.refs(path) ?? Promise.resolve({});
const pushes = (): number =>
  fixture.server.requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/git-receive-pack'))
    .length;

async function force(): Promise<string> {
  await upstream.git('switch', '-q', 'release');
  await upstream.git('reset', '-q', '--hard', 'main~2');
  const oid = await upstream.commit({ message: 'rewritten', files: { 'c.txt': 'c\n' } });
  await upstream.git('switch', '-q', 'main');
  return oid;
}

describe('what is there and what becomes of it', () => {
  beforeEach(() => start('gitea'));

  it('makes organisation and repository, private, and says where it comes from', async () => {
    expect(await load(await release())).toEqual({ state: 'absent', missingBytes: 0 });
    expect(await there()).toEqual(await upstream.refs());
    expect(fixture.gitea?.repository(PLACE)).toMatchObject({
      private: true,
      defaultBranch: 'main',
      description:
        'Mirror of https://git.example/line/infra.git, loaded by gapferry with line 1.4.0 (release 17)',
    });
  });

  it('only reads when nothing changed', async () => {
    await load(await release());
    const before = pushes();
    const { target } = fixture.open();
    const state = await release();
    expect(await survey(state, target)).toEqual({ state: 'same' });
    await target.readBack(state.content, run);
    expect(pushes()).toBe(before);
  });

  it('counts what a fast-forward brings, and asks for a push of as much only', async () => {
    await load(await release());
    await upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    const state = await release();
    const { target } = fixture.open();
    const presence = await survey(state, target);
    expect(presence.changes).toMatchObject([{ ref: 'refs/heads/main', how: 'forward', commits: 1 }]);
    const content = await target.inspect(state.content, run);
    expect(content).toMatchObject({ state: 'absent' });
    expect(content.state === 'absent' && content.missingBytes).toBeLessThan(
      state.content.packs[0]?.size ?? 0,
    );
  });

  it('keeps what a forced branch lost, also what only the host has', async () => {
    await load(await release());
    const old = (await upstream.refs())['refs/heads/release'];
    const forced = await force();
    const presence = await load(await release(), { sequence: 18 });
    const backup = 'refs/gapferry/backup/18/heads/release';
    expect(presence.changes).toEqual([{ ref: 'refs/heads/release', how: 'force', from: old, backup }]);
    expect(await there()).toMatchObject({ 'refs/heads/release': forced, [backup]: old });
  });

  it('keeps each backup of one release under a name of its own', async () => {
    await load(await release());
    const first = (await upstream.refs())['refs/heads/release'];
    const second = await force();
    await load(await release());
    await upstream.git('switch', '-q', 'release');
    await upstream.commit({ message: 'amended', files: { 'd.txt': 'd\n' } });
    await upstream.git('reset', '-q', '--hard', 'main~1');
    await upstream.git('switch', '-q', 'main');
    await load(await release());
    expect(await there()).toMatchObject({
      'refs/gapferry/backup/17/heads/release': first,
      'refs/gapferry/backup/17-2/heads/release': second,
    });
  });

  it('says beforehand what the policy refuses', async () => {
    await load(await release());
    await force();
    await upstream.git('tag', '-f', 'v1', 'main');
    const { target } = fixture.open({ policy: { force: 'refuse' } });
    const state = await release();
    const presence = await survey(state, target);
    expect(presence.changes?.map(({ ref, refused }) => [ref, refused !== undefined])).toEqual([
      ['refs/heads/release', true],
      ['refs/tags/v1', true],
    ]);
    const before = await there();
    await target.load(state.content, state.medium, run);
    const refused = target.load(planned(state.refs, presence), state.medium, run);
    await expect(refused).rejects.toMatchObject({ code: 'TARGET_CONFLICT', origin: 'target' });
    const names = Object.entries(await there()).filter(
      ([name]) => !name.startsWith('refs/gapferry/incoming/'),
    );
    expect(Object.fromEntries(names)).toEqual(before);
  });

  it('lets go of a branch only when told to, and keeps it aside', async () => {
    await load(await release());
    const old = (await upstream.refs())['refs/heads/release'];
    await upstream.git('branch', '-q', '-D', 'release');
    const kept = await load(await release());
    expect(kept).toEqual({ state: 'same' });
    const wants = { policy: { prune: true }, prunes: true };
    const { prunable } = await load(await release(), wants);
    expect(prunable).toMatchObject([{ ref: 'refs/heads/release', how: 'prune', from: old }]);
    expect(await there()).toEqual({
      ...(await upstream.refs()),
      'refs/gapferry/backup/17/heads/release': old,
    });
  });

  it('moves HEAD before the branch goes on which it stood', async () => {
    await load(await release());
    await upstream.git('branch', '-q', '-m', 'main', 'trunk');
    const state = await release();
    await load(
      { ...state, refs: { ...state.refs, head: 'refs/heads/trunk' } },
      { policy: { prune: true }, prunes: true },
    );
    expect(fixture.gitea?.repository(PLACE).defaultBranch).toBe('trunk');
    expect(await there()).not.toHaveProperty('refs/heads/main');
    expect(await there()).toHaveProperty('refs/heads/trunk');
  });

  it('has an existing ref in the way named: git never has both', async () => {
    await load(await release());
    await upstream.git('branch', '-q', '-D', 'release');
    await upstream.git('branch', 'release/1', 'main');
    const { changes } = await survey(await release(), fixture.open().target);
    expect(changes).toMatchObject([
      { ref: 'refs/heads/release/1', refused: expect.stringContaining('"refs/heads/release"') },
    ]);
  });

  it('leaves alone what somebody wrote into the description, and the topics', async () => {
    await load(await release());
    Object.assign(fixture.gitea?.repository(PLACE) ?? {}, { description: 'Ask Ada', topics: ['plc'] });
    await upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    await load(await release());
    expect(fixture.gitea?.repository(PLACE)).toMatchObject({ description: 'Ask Ada', topics: ['plc'] });
  });

  it('does not overwrite what moved after the survey', async () => {
    await load(await release());
    const old = await upstream.git('rev-parse', 'main~1');
    await upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    const { target } = fixture.open();
    const state = await release();
    const presence = await survey(state, target);
    await target.load(state.content, state.medium, run);
    await upstream.git(
      'push',
      '-q',
      '-f',
      fixture.gitea?.repositories.directory(PLACE) ?? '',
      `${old}:refs/heads/main`,
    );
    const loading = target.load(planned(state.refs, presence), state.medium, run);
    await expect(loading).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect((await there())['refs/heads/main']).toBe(old);
  });

  it('takes up what a run before brought, and leaves nothing of it', async () => {
    const state = await release();
    const first = fixture.open();
    await survey(state, first.target);
    await first.target.load(state.content, state.medium, run);
    expect(Object.keys(await there()).every((name) => name.startsWith('refs/gapferry/incoming/'))).toBe(true);
    const { target } = fixture.open();
    const presence = await survey(state, target);
    const outcome = await target.load(state.content, state.medium, run);
    expect(outcome.bytes).toBe(0);
    await target.readBack(state.content, run);
    await target.load(planned(state.refs, presence), state.medium, run);
    expect(await there()).toEqual(await upstream.refs());
  });

  it('does not count as proved what the host lost again', async () => {
    const state = await release();
    const { target } = fixture.open();
    await survey(state, target);
    await target.load(state.content, state.medium, run);
    for (const name of Object.keys(await there()))
      await upstream.git('push', '-q', fixture.gitea?.repositories.directory(PLACE) ?? '', `:${name}`);
    await expect(target.readBack(state.content, run)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});

describe('what cannot be loaded, found before anything is done', () => {
  const preflight = async (loads: readonly Load[], wants: OpenOptions = {}): Promise<void> =>
    await fixture.open(wants).target.preflight(loads, run, (await release()).medium);
  const loadsOf = async (...repositories: readonly string[]): Promise<Load[]> =>
    (await Promise.all(repositories.map((name) => release(name)))).flatMap(({ content, refs }) => [
      content,
      refs,
    ]);

  it('two repositories that would be one', async () => {
    await start('gitea');
    const colliding = preflight(await loadsOf('git.example/a/b-c', 'git.example/a-b/c'));
    await expect(colliding).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
    await expect(colliding).rejects.toThrow(/a\/b-c and git git\.example\/a-b\/c/);
    await expect(preflight(await loadsOf('git.example/A/b', 'git.example/a/b'))).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
    });
    expect(fixture.server.requests).toEqual([]);
  });

  it.each([
    ['gitea', 'git.example/x/y..', undefined],
    ['gitea', 'git.example/x', 'api/{name}'],
    ['gitea', 'git.example/x', '{name}'],
    ['gitea', 'git.example/x.wiki', undefined],
    ['gitlab', 'git.example/x--y', undefined],
    ['gitlab', 'git.example/x', 'users/{name}'],
    ['path', 'git.example/-x', undefined],
    ['path', 'git.example/x.git/y', undefined],
  ] as const)('a name that %s does not take: %s', async (kind, repository, template) => {
    await start(kind);
    const unsafe = preflight(await loadsOf(repository), template === undefined ? {} : { template });
    await expect(unsafe).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });

  it.each([
    ['archived', 'it is archived', { archived: true }],
    ['pull mirrors', 'pull mirror', { mirror: true }],
    ['not ours', 'may not push', { mayPush: false, level: 20 }],
  ])('repositories that are %s', async (_, why, change) => {
    for (const kind of ['gitea', 'gitlab'] as const) {
      await start(kind);
      await load(await release());
      Object.assign(fixture.gitea?.repository(PLACE) ?? fixture.gitlab?.project(NESTED) ?? {}, change);
      const closed = preflight(await loadsOf('git.example/line/infra'));
      await expect(closed).rejects.toMatchObject({ code: 'TARGET_CONFLICT', origin: 'target' });
      await expect(closed).rejects.toThrow(why);
    }
  });

  it('an owner that is somebody else', async () => {
    await start('gitea');
    fixture.gitea?.addForeignOrganisation('git.example');
    await expect(preflight(await loadsOf('git.example/a'))).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
    fixture.gitea?.addUser('ada');
    const another = preflight(await loadsOf('git.example/a'), { template: 'ada/{name}' });
    await expect(another).rejects.toThrow('ada is another user');
    await start('gitlab');
    fixture.gitlab?.addUser('ada');
    await expect(preflight(await loadsOf('git.example/a'), { template: 'ada/{name}' })).rejects.toThrow(
      'ada is a user',
    );
  });

  it('a place that plain git cannot make', async () => {
    await start('http');
    await expect(preflight(await loadsOf('git.example/other'))).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      hint: expect.stringContaining('git init --bare'),
    });
  });

  it('a history that is cut', async () => {
    await start('gitea');
    const { content, refs } = await release();
    const cut: GitContent = { ...content, shallow: ['1'.repeat(40)] };
    await expect(preflight([cut, refs])).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      hint: expect.stringContaining('depth'),
    });
  });

  it('credentials that are not taken', async () => {
    for (const kind of ['gitea', 'gitlab'] as const) {
      await start(kind);
      const refused = preflight(await loadsOf('git.example/a'), { password: 'wrong-Sesam' });
      await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
      await refused.catch((error: unknown) => expect(JSON.stringify(error)).not.toContain('wrong-Sesam'));
    }
  });

  it('an item that is no repository', async () => {
    await start('http');
    const { target } = fixture.open();
    await expect(
      target.inspect({ ...(await release()).content, kind: 'file' } as never, run),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe("a host's rules", () => {
  const lift = { policy: { protected: 'lift', tags: 'move' } } as const;

  describe('of GitLab', () => {
    beforeEach(async () => {
      await start('gitlab');
      await load(await release());
    });

    it('makes nested groups, and the default branch is protected from then on', async () => {
      expect(fixture.gitlab?.groups()).toEqual(['git.example', 'git.example/line']);
      expect(await there(NESTED)).toEqual(await upstream.refs());
      await upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
      await load(await release());
      expect(fixture.gitlab?.project(NESTED)).toMatchObject({
        visibility: 'private',
        defaultBranch: 'main',
        protectedBranches: [{ name: 'main', allow_force_push: false }],
      });
    });

    it('refuses to force the default branch, beforehand, and lifts the rule only for the push', async () => {
      await upstream.git('reset', '-q', '--hard', 'main~1');
      await upstream.commit({ message: 'instead', files: { 'e.txt': 'e\n' } });
      const state = await release();
      const { changes } = await survey(state, fixture.open().target);
      expect(changes).toMatchObject([{ how: 'force', refused: expect.stringContaining('rule "main"') }]);
      const lifting = await load(state, lift);
      expect(lifting.changes).toMatchObject([{ how: 'force', lifts: 'main' }]);
      expect((await there(NESTED))['refs/heads/main']).toBe(await upstream.git('rev-parse', 'main'));
      expect(fixture.gitlab?.project(NESTED).protectedBranches).toMatchObject([{ allow_force_push: false }]);
      expect(await fixture.journal.read()).toEqual([]);
    });

    it('puts a rule that lets nobody push back as it was', async () => {
      const project = fixture.gitlab?.project(NESTED);
      project?.protectedBranches.push({ name: 'rel*', level: 0, allow_force_push: false });
      await upstream.commit({ message: 'fix', branch: 'release', files: { 'f.txt': 'f\n' } });
      await load(await release(), lift);
      expect(project?.protectedBranches).toContainEqual({ name: 'rel*', level: 0, allow_force_push: false });
      expect((await there(NESTED))['refs/heads/release']).toBe(await upstream.git('rev-parse', 'release'));
    });

    it('moves a protected tag where the policy does both', async () => {
      const project = fixture.gitlab?.project(NESTED);
      project?.protectedTags.push({ name: 'v*', level: 40, allow_force_push: false });
      await upstream.git('tag', '-f', 'v1', 'main');
      await load(await release(), lift);
      expect((await there(NESTED))['refs/tags/v1']).toBe(await upstream.git('rev-parse', 'main'));
      expect(project?.protectedTags).toMatchObject([{ name: 'v*', level: 40 }]);
    });
  });

  describe('of Gitea', () => {
    const rules = (): unknown => structuredClone(fixture.gitea?.repository(PLACE).branchRules);

    beforeEach(async () => {
      await start('gitea');
      await load(await release());
      const rule = {
        rule_name: 'release',
        enable_push: true,
        enable_push_whitelist: true,
        push_whitelist_usernames: ['ada'],
      };
      await askApi('POST', 'branch_protections', rule);
      await upstream.commit({ message: 'fix', branch: 'release', files: { 'f.txt': 'f\n' } });
    });

    const askApi = async (method: string, what: string, body: unknown): Promise<void> => {
      const authorization = `Basic ${Buffer.from('ferry:Sesam-47-token').toString('base64')}`;
      const url = `${fixture.server.url}/api/v1/repos/${PLACE}/${what}`;
      const answer = await fetch(url, { method, headers: { authorization }, body: JSON.stringify(body) });
      expect(answer.status).toBe(201);
    };

    it('are restored when the push fails', async () => {
      const before = rules();
      fixture.server.addFault({
        match: ({ method, path }) => method === 'POST' && path.endsWith('/git-receive-pack') && pushes() > 2,
        do: { kind: 'status', status: 500 },
      });
      await expect(load(await release(), lift)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
      expect(rules()).toEqual(before);
      expect(await fixture.journal.read()).toEqual([]);
    });

    it('are restored by the next run when they could not be, and that is said', async () => {
      const before = rules();
      let patched = 0;
      fixture.server.addFault({
        match: ({ method }) => method === 'PATCH' && ++patched > 1,
        times: 1,
        do: { kind: 'status', status: 500 },
      });
      const state = await release();
      await expect(load(state, lift)).rejects.toMatchObject({
        code: 'TARGET_CONFLICT',
        hint: expect.stringContaining('by hand'),
      });
      expect(rules()).not.toEqual(before);
      const { target } = fixture.open();
      await survey(state, target);
      expect(rules()).not.toEqual(before);
      await target.readBack(state.content, run);
      expect(rules()).toEqual(before);
    });

    it('about tags let the push through for us alone', async () => {
      await upstream.git('switch', '-q', 'main');
      await askApi('POST', 'tag_protections', { name_pattern: 'v*', whitelist_usernames: ['ada'] });
      await upstream.git('tag', 'v2', 'main');
      const refused = await survey(await release(), fixture.open().target);
      expect(refused.changes?.filter(({ refused: why }) => why !== undefined).map(({ ref }) => ref)).toEqual([
        'refs/heads/release',
        'refs/tags/v2',
      ]);
      await load(await release(), lift);
      expect(await there()).toHaveProperty('refs/tags/v2');
      expect(fixture.gitea?.repository(PLACE).tagRules).toMatchObject([{ whitelist_usernames: ['ada'] }]);
    });

    it('that are not known beforehand are told by the host', async () => {
      fixture.server.addFault({
        match: ({ path }) => path.endsWith('_protections'),
        do: { kind: 'status', status: 403 },
      });
      const before = await there();
      const loading = load(await release());
      await expect(loading).rejects.toMatchObject({ code: 'FORBIDDEN', origin: 'target' });
      await expect(loading).rejects.toThrow('Not allowed to push to protected branch release');
      expect((await there())['refs/heads/release']).toBe(before['refs/heads/release']);
    });
  });
});

describe('a host behind a proxy that takes small bodies only', () => {
  it('gets the objects in pieces and the names at once', async () => {
    await start('gitea', { bodyLimit: 20_000 });
    for (let i = 0; i < 6; i++)
      await upstream.commit({ message: `${i}`, files: { [`${i}.txt`]: noise(i, 9000) } });
    await load(await release());
    expect(await there()).toEqual(await upstream.refs());
  });
});

/** Text that hardly compresses. */
function noise(seed: number, size: number): string {
  let state = seed + 1;
  return Array.from({ length: size }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(33 + ((state >> 8) % 90));
  }).join('');
}
