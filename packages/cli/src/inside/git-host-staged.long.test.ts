import { rm } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { memoryBlobStore } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { GitHostKind } from '../testing/git-host-fixture.ts';
import { type GitHostStory, planned, startStory } from '../testing/git-host-story.ts';

const run = quietRun();
/** The stick is gone. */
const gone = memoryBlobStore();
let story: GitHostStory;
afterEach(() => story.close());

const HERE = 'git.example/line/infra';

/** Sends the objects of what upstream is now, and no name, in a process of its own. */
async function stage(): Promise<Awaited<ReturnType<GitHostStory['release']>>> {
  const state = await story.release(HERE);
  const { target } = story.fixture.open(kept());
  await story.survey(state, target);
  await target.load(state.content, state.medium, run);
  await target.readBack(state.content, run);
  await target.close();
  return state;
}

function kept() {
  return { pusher: { keptDirectory: story.fixture.path('kept') } };
}

/** Another process, without the medium: what the survey says of the content, then the barrier and the names. */
async function activate(state: Awaited<ReturnType<typeof stage>>): Promise<string> {
  const { target } = story.fixture.open(kept());
  try {
    await target.preflight([state.content, state.refs], run, gone);
    const content = await target.inspect(state.content, run);
    const presence = await target.inspect(state.refs, run);
    if (content.state !== 'same') await target.load(state.content, gone, run);
    await target.readBack(state.content, run);
    await target.load(planned(state.refs, presence), gone, run);
    return content.state;
  } finally {
    await target.close();
  }
}

async function standing(): Promise<Record<string, string>> {
  const { remotes, host } = story.fixture.open(kept());
  const { refs } = (await remotes.list(host.urlOf(host.pathOf(HERE)), run)) ?? { refs: [] };
  return Object.fromEntries(
    refs.filter(({ name }) => /^refs\/(?:heads|tags)\//.test(name)).map(({ name, oid }) => [name, oid]),
  );
}

const KINDS: readonly (readonly [string, GitHostKind])[] = [
  ['bare repositories in a directory', 'path'],
  ['bare repositories over HTTP', 'http'],
  ['Gitea', 'gitea'],
  ['GitLab', 'gitlab'],
];

describe.each(KINDS)('objects staged at %s', (_, kind) => {
  it('stand there, and get their refs without the medium, from packs that are kept and from the host itself', async () => {
    story = await startStory(kind);
    const state = await stage();
    expect(await standing()).toEqual({});

    expect(await activate(state)).toBe('same');
    expect(await standing()).toEqual(await story.upstream.refs());

    await story.upstream.commit({ message: 'on', files: { 'd.txt': 'd\n' }, tags: ['v3'] });
    const before = await standing();
    const next = await stage();
    expect(await standing()).toEqual(before);
    await rm(story.fixture.path('kept'), { recursive: true });

    expect(await activate(next)).toBe('same');
    expect(await standing()).toEqual(await story.upstream.refs());
    expect(await activate(next)).toBe('same');
  });
});

describe('a host that takes no refs but branches and tags', () => {
  it('gets objects and refs together, from packs that are kept, and nothing without them', async () => {
    story = await startStory('hidden');
    const state = await stage();
    expect(await standing()).toEqual({});

    expect(await activate(state)).toBe('absent');
    expect(await standing()).toEqual(await story.upstream.refs());

    await story.upstream.commit({ message: 'on', files: { 'd.txt': 'd\n' } });
    const before = await standing();
    const next = await stage();
    await rm(story.fixture.path('kept'), { recursive: true });
    await expect(activate(next)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(await standing()).toEqual(before);
  });
});
