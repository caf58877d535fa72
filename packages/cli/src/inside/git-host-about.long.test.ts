import { quietRun, type RepositoryAbout } from '@gapferry/core';
import type { TargetGitState } from '@gapferry/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type GitHostStory, NESTED, PLACE, startStory } from '../testing/git-host-story.ts';

const run = quietRun();
const ABOUT = { description: 'Press line 3', homepage: 'https://line3.example/', topics: ['gitops', 'plc'] };
const OURS = 'Mirror of https://git.example/line/infra.git, loaded by gapferry with line 1.4.0';

let story: GitHostStory;
afterEach(() => story.close());

async function start(...what: Parameters<typeof startStory>): Promise<void> {
  story = await startStory(...what);
}

/** The upstream repository as it is, with what its host says of it, and what was loaded of that before. */
async function said(about: RepositoryAbout, ...aboutLeft: RepositoryAbout[]): Promise<TargetGitState> {
  const state = await story.release();
  return { ...state, refs: { ...state.refs, about, aboutLeft } };
}

/** Requests that come from now on: of the API `GET /…`, of git the service. */
function listen(): () => string[] {
  const before = story.fixture.server.requests.length;
  return () =>
    story.fixture.server.requests
      .slice(before)
      .map(({ method, url }) => `${method} ${url.replace(/^\/api\/v\d/, '')}`);
}

describe('what is said of a repository at Gitea', () => {
  const hosted = () => story.fixture.gitea?.repository(PLACE);

  it('is set where the repository is made', async () => {
    await start('gitea');
    const presence = await story.load(await said(ABOUT));
    expect(presence).toMatchObject({ state: 'absent', about: { wanted: ABOUT, there: {} } });
    expect(hosted()).toMatchObject({
      description: `Press line 3 — ${OURS} (release 17)`,
      website: 'https://line3.example/',
      topics: ['gitops', 'plc'],
    });
  });

  it('comes with what is asked anyway: a plan where nothing changes asks one question for each repository', async () => {
    await start('gitea');
    await story.load(await said(ABOUT));
    const asked = listen();
    const { about, ...presence } = await story.survey(await said(ABOUT, ABOUT));
    expect(presence).toEqual({ state: 'same' });
    expect(about).toEqual({ wanted: ABOUT, there: ABOUT });
    const questions = asked().filter((line) => !line.includes('.git/'));
    expect(questions).toEqual(['GET /user', `GET /repos/${PLACE}`]);
  });

  it('changes without a push, and a second time nothing is sent', async () => {
    await start('gitea');
    await story.load(await said(ABOUT));
    const pushes = story.pushes();
    const next = { description: 'Press line 3, hall 2', topics: ['plc'] };
    const asked = listen();
    await story.load(await said(next, ABOUT), { sequence: 18 });
    expect(hosted()).toMatchObject({
      description: `Press line 3, hall 2 — ${OURS} (release 18)`,
      website: '',
      topics: ['plc'],
    });
    const changes = (): string[] => asked().filter((line) => /^(?:PATCH|PUT) /.test(line));
    expect(changes()).toEqual([`PATCH /repos/${PLACE}`, `PUT /repos/${PLACE}/topics`]);
    await story.load(await said(next, next), { sequence: 18 });
    expect([changes().length, story.pushes()]).toEqual([2, pushes]);
  });

  it('stays where somebody else wrote it, also when refs move', async () => {
    await start('gitea');
    await story.load(await said(ABOUT));
    Object.assign(hosted() ?? {}, { description: 'Ask Ada', topics: ['ada', 'plc'] });
    await story.upstream.commit({ message: 'four', files: { 'a.txt': 'four\n' } });
    await story.load(await said({ description: 'Other', topics: ['other'] }, ABOUT));
    expect(hosted()).toMatchObject({ description: 'Ask Ada', website: '', topics: ['ada', 'plc'] });
  });

  it('is left out as far as Gitea does not take it', async () => {
    await start('gitea');
    const topics = Array.from({ length: 30 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    const about = { topics: ['-x', ...topics.slice(0, 15), 't0'.padEnd(36, 'x'), ...topics.slice(15)] };
    await story.load(await said(about));
    expect(hosted()?.topics).toEqual(topics.slice(0, 25));
  });

  it('is found where topics have an answer of their own', async () => {
    await start('gitea', { topicsApart: true });
    await story.load(await said(ABOUT));
    const { about } = await story.survey(await said(ABOUT, ABOUT));
    expect(about).toEqual({ wanted: ABOUT, there: ABOUT });
  });

  it('goes with another default branch, which needs no push either', async () => {
    await start('gitea');
    await story.load(await said(ABOUT));
    const pushes = story.pushes();
    const state = await said(ABOUT, ABOUT);
    const presence = await story.load({ ...state, refs: { ...state.refs, head: 'refs/heads/release' } });
    expect(presence.head).toEqual({ from: 'refs/heads/main', to: 'refs/heads/release' });
    expect([hosted()?.defaultBranch, story.pushes()]).toEqual(['release', pushes]);
    const { target } = story.fixture.open();
    expect(await story.survey(state, target)).toMatchObject({ state: 'different' });
  });
});

describe('what is said of a repository at GitLab', () => {
  const hosted = () => story.fixture.gitlab?.project(NESTED);

  it('is description and topics, set at once with the default branch, and changed without a push', async () => {
    await start('gitlab');
    await story.load(await said(ABOUT));
    expect(hosted()).toMatchObject({
      description: `Press line 3 — ${OURS} (release 17)`,
      topics: ['gitops', 'plc'],
    });
    const { homepage: _none, ...taken } = ABOUT;
    const presence = await story.survey(await said(ABOUT, ABOUT));
    expect(presence).toEqual({ state: 'same', about: { wanted: taken, there: taken } });
    const pushes = story.pushes();
    const asked = listen();
    await story.load(await said({ topics: ['plc'] }, taken), { sequence: 18 });
    expect(hosted()).toMatchObject({ description: `${OURS} (release 18)`, topics: ['plc'] });
    expect(asked().filter((line) => line.startsWith('PUT'))).toHaveLength(1);
    expect(story.pushes()).toBe(pushes);
  });
});

it('a plain place takes nothing of what is said', async () => {
  await start('path');
  const { target } = story.fixture.open();
  const { refs } = await said(ABOUT);
  expect(await target.inspect(refs, run)).not.toHaveProperty('about');
});
