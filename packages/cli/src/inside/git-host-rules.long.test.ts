import { quietRun } from '@gapferry/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GitHostStory, NESTED, PLACE, startStory } from '../testing/git-host-story.ts';

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

describe("a host's rules", () => {
  const lift = { policy: { protected: 'lift', tags: 'move' } } as const;

  describe('of GitLab', () => {
    beforeEach(async () => {
      await start('gitlab');
      await story.load(await story.release());
    });

    it('makes nested groups, and the default branch is protected from then on', async () => {
      expect(story.fixture.gitlab?.groups()).toEqual(['git.example', 'git.example/line']);
      expect(await story.there(NESTED)).toEqual(await story.upstream.refs());
      await story.upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
      await story.load(await story.release());
      expect(story.fixture.gitlab?.project(NESTED)).toMatchObject({
        visibility: 'private',
        defaultBranch: 'main',
        protectedBranches: [{ name: 'main', allow_force_push: false }],
      });
    });

    it('refuses to force the default branch, beforehand, and lifts the rule only for the push', async () => {
      await story.upstream.git('reset', '-q', '--hard', 'main~1');
      await story.upstream.commit({ message: 'instead', files: { 'e.txt': 'e\n' } });
      const state = await story.release();
      const { changes } = await story.survey(state, story.fixture.open().target);
      expect(changes).toMatchObject([{ how: 'force', refused: expect.stringContaining('rule "main"') }]);
      const lifting = await story.load(state, lift);
      expect(lifting.changes).toMatchObject([{ how: 'force', lifts: 'main' }]);
      expect((await story.there(NESTED))['refs/heads/main']).toBe(
        await story.upstream.git('rev-parse', 'main'),
      );
      expect(story.fixture.gitlab?.project(NESTED).protectedBranches).toMatchObject([
        { allow_force_push: false },
      ]);
      expect(await story.fixture.journal.read()).toEqual([]);
    });

    it('puts a rule that lets nobody push back as it was', async () => {
      const project = story.fixture.gitlab?.project(NESTED);
      project?.protectedBranches.push({ name: 'rel*', level: 0, allow_force_push: false });
      await story.upstream.commit({ message: 'fix', branch: 'release', files: { 'f.txt': 'f\n' } });
      await story.load(await story.release(), lift);
      expect(project?.protectedBranches).toContainEqual({ name: 'rel*', level: 0, allow_force_push: false });
      expect((await story.there(NESTED))['refs/heads/release']).toBe(
        await story.upstream.git('rev-parse', 'release'),
      );
    });

    it('moves a protected tag where the policy does both', async () => {
      const project = story.fixture.gitlab?.project(NESTED);
      project?.protectedTags.push({ name: 'v*', level: 40, allow_force_push: false });
      await story.upstream.git('tag', '-f', 'v1', 'main');
      await story.load(await story.release(), lift);
      expect((await story.there(NESTED))['refs/tags/v1']).toBe(await story.upstream.git('rev-parse', 'main'));
      expect(project?.protectedTags).toMatchObject([{ name: 'v*', level: 40 }]);
    });
  });

  describe('of Gitea', () => {
    const rules = (): unknown => structuredClone(story.fixture.gitea?.repository(PLACE).branchRules);

    beforeEach(async () => {
      await start('gitea');
      await story.load(await story.release());
      const rule = {
        rule_name: 'release',
        enable_push: true,
        enable_push_whitelist: true,
        push_whitelist_usernames: ['ada'],
      };
      await askApi('POST', 'branch_protections', rule);
      await story.upstream.commit({ message: 'fix', branch: 'release', files: { 'f.txt': 'f\n' } });
    });

    const askApi = async (method: string, what: string, body: unknown): Promise<void> => {
      const authorization = `Basic ${Buffer.from('ferry:Sesam-47-token').toString('base64')}`;
      const url = `${story.fixture.server.url}/api/v1/repos/${PLACE}/${what}`;
      const answer = await fetch(url, { method, headers: { authorization }, body: JSON.stringify(body) });
      expect(answer.status).toBe(201);
    };

    it('are restored when the push fails', async () => {
      const before = rules();
      story.fixture.server.addFault({
        match: ({ method, path }) =>
          method === 'POST' && path.endsWith('/git-receive-pack') && story.pushes() > 2,
        do: { kind: 'status', status: 500 },
      });
      await expect(story.load(await story.release(), lift)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
      expect(rules()).toEqual(before);
      expect(await story.fixture.journal.read()).toEqual([]);
    });

    it('are restored by the next run when they could not be, and that is said', async () => {
      const before = rules();
      let patched = 0;
      story.fixture.server.addFault({
        match: ({ method }) => method === 'PATCH' && ++patched > 1,
        times: 1,
        // A failed trip would be made again.
        do: { kind: 'status', status: 403 },
      });
      const state = await story.release();
      await expect(story.load(state, lift)).rejects.toMatchObject({
        code: 'TARGET_CONFLICT',
        hint: expect.stringContaining('by hand'),
      });
      expect(rules()).not.toEqual(before);
      const { target } = story.fixture.open();
      await story.survey(state, target);
      expect(rules()).not.toEqual(before);
      await target.readBack(state.content, run);
      expect(rules()).toEqual(before);
    });

    it('about tags let the push through for us alone', async () => {
      await story.upstream.git('switch', '-q', 'main');
      await askApi('POST', 'tag_protections', { name_pattern: 'v*', whitelist_usernames: ['ada'] });
      await story.upstream.git('tag', 'v2', 'main');
      const refused = await story.survey(await story.release(), story.fixture.open().target);
      expect(refused.changes?.filter(({ refused: why }) => why !== undefined).map(({ ref }) => ref)).toEqual([
        'refs/heads/release',
        'refs/tags/v2',
      ]);
      await story.load(await story.release(), lift);
      expect(await story.there()).toHaveProperty('refs/tags/v2');
      expect(story.fixture.gitea?.repository(PLACE).tagRules).toMatchObject([
        { whitelist_usernames: ['ada'] },
      ]);
    });

    it('that are not known beforehand are told by the host', async () => {
      story.fixture.server.addFault({
        match: ({ path }) => path.endsWith('_protections'),
        do: { kind: 'status', status: 403 },
      });
      const before = await story.there();
      const loading = story.load(await story.release());
      await expect(loading).rejects.toMatchObject({ code: 'FORBIDDEN', origin: 'target' });
      await expect(loading).rejects.toThrow('Not allowed to push to protected branch release');
      expect((await story.there())['refs/heads/release']).toBe(before['refs/heads/release']);
    });
  });
});
