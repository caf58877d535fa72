import { writeFile } from 'node:fs/promises';
import {
  digestOf,
  type GitContent,
  type Load,
  type Obstacle,
  type Permission,
  quietRun,
} from '@gapferry/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenOptions } from '../testing/git-host-fixture.ts';
import { type GitHostStory, NESTED, PLACE, planned, startStory } from '../testing/git-host-story.ts';

const run = quietRun();
const cleanup: Array<() => Promise<void>> = [];
let story: GitHostStory;

afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function start(...what: Parameters<typeof startStory>): Promise<void> {
  story = await startStory(...what);
  cleanup.push(() => story.close());
}

describe('what is there and what becomes of it', () => {
  beforeEach(() => start('gitea'));

  it('makes organisation and repository, private, and says where it comes from', async () => {
    expect(await story.load(await story.release())).toEqual({ state: 'absent', missingBytes: 0 });
    expect(await story.there()).toEqual(await story.upstream.refs());
    expect(story.fixture.gitea?.repository(PLACE)).toMatchObject({
      private: true,
      defaultBranch: 'main',
      description:
        'Mirror of https://git.example/line/infra.git, loaded by gapferry with line 1.4.0 (release 17)',
    });
  });

  it('has the default branch of upstream also where the host chooses another one after the first push', async () => {
    const state = await story.release();
    const onRelease = { ...state, refs: { ...state.refs, head: 'refs/heads/release' } };
    // A real one says so while it still counts what was pushed.
    story.fixture.gitea?.addFault({
      match: ({ method }) => method === 'PATCH',
      times: 1,
      do: { kind: 'status', status: 500, body: '{"message":"already in queue"}' },
    });
    await story.load(onRelease);
    expect(story.fixture.gitea?.repository(PLACE)).toMatchObject({ defaultBranch: 'release' });
    expect(await story.survey(onRelease)).toEqual({ state: 'same' });
    expect(story.fixture.gitea?.repository(PLACE)).toMatchObject({ defaultBranch: 'release' });
  });

  it('makes one organisation for many repositories that come at once', async () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => `git.example/${name}`);
    const states = await Promise.all(names.map((name) => story.release(name)));
    const { target } = story.fixture.open();
    await Promise.all(states.map(({ content, medium }) => target.load(content, medium, run)));
    for (const name of names) expect(await story.there(name)).not.toEqual({});
  });

  it('only reads when nothing changed', async () => {
    await story.load(await story.release());
    const before = story.pushes();
    const { target } = story.fixture.open();
    const state = await story.release();
    expect(await story.survey(state, target)).toEqual({ state: 'same' });
    await target.readBack(state.content, run);
    expect(story.pushes()).toBe(before);
  });

  it('counts what a fast-forward brings, and asks for a push of as much only', async () => {
    await story.load(await story.release());
    await story.upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    const state = await story.release();
    const { target } = story.fixture.open();
    const presence = await story.survey(state, target);
    expect(presence.changes).toMatchObject([{ ref: 'refs/heads/main', how: 'forward', commits: 1 }]);
    const content = await target.inspect(state.content, run);
    expect(content).toMatchObject({ state: 'absent' });
    expect(content.state === 'absent' && content.missingBytes).toBeLessThan(
      state.content.packs[0]?.size ?? 0,
    );
  });

  it('keeps what a forced branch lost, also what only the host has', async () => {
    await story.load(await story.release());
    const old = (await story.upstream.refs())['refs/heads/release'];
    const forced = await story.force();
    const presence = await story.load(await story.release(), { sequence: 18 });
    const backup = 'refs/gapferry/backup/18/heads/release';
    expect(presence.changes).toEqual([{ ref: 'refs/heads/release', how: 'force', from: old, backup }]);
    expect(await story.there()).toMatchObject({ 'refs/heads/release': forced, [backup]: old });
  });

  it('keeps each backup of one release under a name of its own', async () => {
    await story.load(await story.release());
    const first = (await story.upstream.refs())['refs/heads/release'];
    const second = await story.force();
    await story.load(await story.release());
    await story.upstream.git('switch', '-q', 'release');
    await story.upstream.commit({ message: 'amended', files: { 'd.txt': 'd\n' } });
    await story.upstream.git('reset', '-q', '--hard', 'main~1');
    await story.upstream.git('switch', '-q', 'main');
    await story.load(await story.release());
    expect(await story.there()).toMatchObject({
      'refs/gapferry/backup/17/heads/release': first,
      'refs/gapferry/backup/17-2/heads/release': second,
    });
  });

  it('says beforehand what the policy refuses', async () => {
    await story.load(await story.release());
    await story.force();
    await story.upstream.git('tag', '-f', 'v1', 'main');
    const { target } = story.fixture.open({ policy: { force: 'refuse' } });
    const state = await story.release();
    const presence = await story.survey(state, target);
    expect(presence.changes?.map(({ ref, refused }) => [ref, refused !== undefined])).toEqual([
      ['refs/heads/release', true],
      ['refs/tags/v1', true],
    ]);
    const before = await story.there();
    await target.load(state.content, state.medium, run);
    const refused = target.load(planned(state.refs, presence), state.medium, run);
    await expect(refused).rejects.toMatchObject({ code: 'TARGET_CONFLICT', origin: 'target' });
    const names = Object.entries(await story.there()).filter(
      ([name]) => !name.startsWith('refs/gapferry/incoming/'),
    );
    expect(Object.fromEntries(names)).toEqual(before);
  });

  it('lets go of a branch only when told to, and keeps it aside', async () => {
    await story.load(await story.release());
    const old = (await story.upstream.refs())['refs/heads/release'];
    await story.upstream.git('branch', '-q', '-D', 'release');
    const kept = await story.load(await story.release());
    expect(kept).toEqual({ state: 'same' });
    const wants = { policy: { prune: true }, prunes: true };
    const { prunable } = await story.load(await story.release(), wants);
    expect(prunable).toMatchObject([{ ref: 'refs/heads/release', how: 'prune', from: old }]);
    expect(await story.there()).toEqual({
      ...(await story.upstream.refs()),
      'refs/gapferry/backup/17/heads/release': old,
    });
  });

  it('moves HEAD before the branch goes on which it stood', async () => {
    await story.load(await story.release());
    await story.upstream.git('branch', '-q', '-m', 'main', 'trunk');
    const state = await story.release();
    await story.load(
      { ...state, refs: { ...state.refs, head: 'refs/heads/trunk' } },
      { policy: { prune: true }, prunes: true },
    );
    expect(story.fixture.gitea?.repository(PLACE).defaultBranch).toBe('trunk');
    expect(await story.there()).not.toHaveProperty('refs/heads/main');
    expect(await story.there()).toHaveProperty('refs/heads/trunk');
  });

  it('has an existing ref in the way named: git never has both', async () => {
    await story.load(await story.release());
    await story.upstream.git('branch', '-q', '-D', 'release');
    await story.upstream.git('branch', 'release/1', 'main');
    const { changes } = await story.survey(await story.release(), story.fixture.open().target);
    expect(changes).toMatchObject([
      { ref: 'refs/heads/release/1', refused: expect.stringContaining('"refs/heads/release"') },
    ]);
  });

  it('leaves alone what somebody wrote into the description, and the topics', async () => {
    await story.load(await story.release());
    Object.assign(story.fixture.gitea?.repository(PLACE) ?? {}, { description: 'Ask Ada', topics: ['plc'] });
    await story.upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    await story.load(await story.release());
    expect(story.fixture.gitea?.repository(PLACE)).toMatchObject({ description: 'Ask Ada', topics: ['plc'] });
  });

  it('does not overwrite what moved after the survey', async () => {
    await story.load(await story.release());
    const old = await story.upstream.git('rev-parse', 'main~1');
    await story.upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    const { target } = story.fixture.open();
    const state = await story.release();
    const presence = await story.survey(state, target);
    await target.load(state.content, state.medium, run);
    await story.upstream.git(
      'push',
      '-q',
      '-f',
      story.fixture.gitea?.repositories.directory(PLACE) ?? '',
      `${old}:refs/heads/main`,
    );
    const loading = target.load(planned(state.refs, presence), state.medium, run);
    await expect(loading).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect((await story.there())['refs/heads/main']).toBe(old);
  });

  it('takes up what a run before brought, and leaves nothing of it', async () => {
    const state = await story.release();
    const first = story.fixture.open();
    await story.survey(state, first.target);
    await first.target.load(state.content, state.medium, run);
    expect(Object.keys(await story.there()).every((name) => name.startsWith('refs/gapferry/incoming/'))).toBe(
      true,
    );
    const { target } = story.fixture.open();
    const presence = await story.survey(state, target);
    const outcome = await target.load(state.content, state.medium, run);
    expect(outcome.bytes).toBe(0);
    await target.readBack(state.content, run);
    await target.load(planned(state.refs, presence), state.medium, run);
    expect(await story.there()).toEqual(await story.upstream.refs());
  });

  it('reads the refs back: a host that answered well and has something else is told of', async () => {
    await story.load(await story.release());
    const old = await story.upstream.git('rev-parse', 'main');
    await story.upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    const hook = `${story.fixture.gitea?.repositories.directory(PLACE)}/hooks/post-receive`;
    await writeFile(hook, `#!/bin/sh\ngit update-ref refs/heads/main ${old}\n`, { mode: 0o755 });
    const loading = story.load(await story.release());
    await expect(loading).rejects.toMatchObject({ code: 'TARGET_CONFLICT', origin: 'target' });
    await expect(loading).rejects.toThrow(`refs/heads/main of git ${NESTED} is ${old}`);
  });

  it('does not count as proved what the host lost again', async () => {
    const state = await story.release();
    const { target } = story.fixture.open();
    await story.survey(state, target);
    await target.load(state.content, state.medium, run);
    for (const name of Object.keys(await story.there()))
      await story.upstream.git(
        'push',
        '-q',
        story.fixture.gitea?.repositories.directory(PLACE) ?? '',
        `:${name}`,
      );
    await expect(target.readBack(state.content, run)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});

interface Judged {
  readonly permissions: readonly Permission[];
  readonly obstacles: readonly Obstacle[];
}

describe('what cannot be loaded, found before anything is done', () => {
  const preflight = async (loads: readonly Load[], wants: OpenOptions = {}): Promise<void> =>
    await story.fixture.open(wants).target.preflight(loads, run, (await story.release()).medium);
  const loadsOf = async (...repositories: readonly string[]): Promise<Load[]> =>
    (await Promise.all(repositories.map((name) => story.release(name)))).flatMap(({ content, refs }) => [
      content,
      refs,
    ]);

  /** What the importer is told, of all loads as if nothing of them were there. */
  const judge = async (loads: readonly Load[], wants: OpenOptions = {}): Promise<Judged> => {
    const { target } = story.fixture.open(wants);
    await target.preflight(loads, run, (await story.release()).medium);
    const permissions = await target.permissions(loads, run);
    return { permissions, obstacles: await target.obstacles(loads, run) };
  };

  it('two repositories that would be one', async () => {
    await start('gitea');
    const colliding = preflight(await loadsOf('git.example/a/b-c', 'git.example/a-b/c'));
    await expect(colliding).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
    await expect(colliding).rejects.toThrow(/a\/b-c and git git\.example\/a-b\/c/);
    await expect(preflight(await loadsOf('git.example/A/b', 'git.example/a/b'))).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
    });
    expect(story.fixture.server.requests).toEqual([]);
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
  ])('repositories that are %s', async (_, why, change) => {
    for (const kind of ['gitea', 'gitlab'] as const) {
      await start(kind);
      await story.load(await story.release());
      Object.assign(
        story.fixture.gitea?.repository(PLACE) ?? story.fixture.gitlab?.project(NESTED) ?? {},
        change,
      );
      const { obstacles } = await judge(await loadsOf('git.example/line/infra'));
      expect(obstacles).toMatchObject([{ problem: expect.stringContaining(why) }]);
    }
  });

  it.each(['gitea', 'gitlab'] as const)('repositories that are not ours, at %s', async (kind) => {
    await start(kind);
    await story.load(await story.release());
    const known = story.fixture.gitea?.repository(PLACE) ?? story.fixture.gitlab?.project(NESTED) ?? {};
    const right = async (): Promise<Permission | undefined> =>
      (await judge(await loadsOf('git.example/line/infra'))).permissions.find(
        ({ action }) => action === 'push',
      );
    expect(await right()).toMatchObject({ state: 'proven' });
    Object.assign(known, { mayPush: false, level: 20 });
    expect(await right()).toMatchObject({ state: 'lacking', remedy: expect.stringContaining('forge') });
  });

  it('an owner that is somebody else', async () => {
    await start('gitea');
    story.fixture.gitea?.addForeignOrganisation('git.example');
    expect((await judge(await loadsOf('git.example/a', 'git.example/b'))).permissions).toContainEqual(
      expect.objectContaining({ action: 'create repository', on: 'git.example', state: 'lacking' }),
    );
    story.fixture.gitea?.addUser('ada');
    const another = await judge(await loadsOf('git.example/a'), { template: 'ada/{name}' });
    expect(another.obstacles).toMatchObject([{ problem: expect.stringContaining('ada is another user') }]);
    await start('gitlab');
    story.fixture.gitlab?.addUser('ada');
    const user = await judge(await loadsOf('git.example/a'), { template: 'ada/{name}' });
    expect(user.obstacles).toMatchObject([{ problem: expect.stringContaining('ada is a user') }]);
  });

  it('a place that plain git cannot make', async () => {
    await start('http');
    const { obstacles, permissions } = await judge(
      await loadsOf('git.example/other', 'git.example/line/infra'),
    );
    expect(obstacles).toMatchObject([{ remedy: expect.stringContaining('git init --bare') }]);
    expect(permissions).toMatchObject([{ action: 'push', on: 'git.example/line/infra', state: 'proven' }]);
  });

  it('a plain place that is read and not pushed to', async () => {
    await start('http');
    story.fixture.server.addFault({
      match: ({ url }) => url.includes('git-receive-pack'),
      do: { kind: 'status', status: 403 },
    });
    const { permissions } = await judge(await loadsOf('git.example/line/infra'));
    expect(permissions).toMatchObject([{ action: 'push', state: 'lacking' }]);
  });

  it('a history that is cut, and files of Git LFS that would be missing', async () => {
    await start('gitea');
    const { content, refs } = await story.release();
    const lfs = [{ digest: digestOf('file'), size: 4 }];
    const cut: GitContent = { ...content, lfs, shallow: ['1'.repeat(40)] };
    expect((await judge([cut, refs])).obstacles).toMatchObject([
      { remedy: expect.stringContaining('depth') },
      { remedy: expect.stringContaining('lfs: none') },
    ]);
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
    const { target } = story.fixture.open();
    await expect(
      target.inspect({ ...(await story.release()).content, kind: 'file' } as never, run),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe('a host behind a proxy that takes small bodies only', () => {
  it('gets the objects in pieces and the names at once', async () => {
    await start('gitea', { bodyLimit: 20_000 });
    for (let i = 0; i < 6; i++)
      await story.upstream.commit({ message: `${i}`, files: { [`${i}.txt`]: noise(i, 9000) } });
    await story.load(await story.release());
    expect(await story.there()).toEqual(await story.upstream.refs());
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
