import { digestFromHex, type PruneRefs, type PruneRequest, type PruneStep, quietRun } from '@gapferry/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { GitHostKind } from '../testing/git-host-fixture.ts';
import { type GitHostStory, NESTED, PLACE, startStory } from '../testing/git-host-story.ts';

const run = quietRun();
const BACKUP = 'refs/gapferry/backup/18/heads/release';
let story: GitHostStory;

afterEach(() => story.close());

/** A repository with a branch that was forced, and the backup of what stood there. */
async function forced(kind: GitHostKind): Promise<string> {
  story = await startStory(kind);
  await story.load(await story.release());
  const { 'refs/heads/release': old = '' } = await story.upstream.refs();
  await story.force();
  await story.load(await story.release(), { sequence: 18 });
  return old;
}

function request(refs: Partial<PruneRefs>): PruneRequest {
  return {
    channel: 'line',
    manifests: [],
    tags: [],
    files: [],
    refs: [{ item: `git ${NESTED}`, repository: NESTED, backups: {}, statements: [], ...refs }],
    needed: new Set(),
    staying: new Map([[18, '1.4.0']]),
    going: new Set([17]),
    unnamed: new Map(),
    contents: [],
  };
}

async function prune(asked: PruneRequest): Promise<{ steps: readonly PruneStep[]; told: string[] }> {
  const { target } = story.fixture.open();
  const steps = await target.prunable(asked, run);
  const told: string[] = [];
  for (const step of steps) {
    if (step.stays !== undefined) continue;
    const outcome = await target.prune(step, asked, run);
    told.push(outcome.state === 'stays' ? outcome.why : outcome.state);
  }
  await target.close();
  return { steps, told };
}

/** Refs there, of a host or of the only place of bare repositories. */
const there = (kind: GitHostKind): Promise<Record<string, string>> =>
  story.there(kind === 'gitlab' ? NESTED : PLACE);

describe.each<GitHostKind>(['gitea', 'gitlab'])('a backup ref at %s', (kind) => {
  it('goes where it stands at what was kept, and nothing else', async () => {
    const old = await forced(kind);
    const { steps, told } = await prune(request({ backups: { [BACKUP]: old } }));
    expect(steps).toEqual([
      { place: expect.stringMatching(/infra(\.git)? refs\/gapferry\/backup\/18\/$/), what: 'refs', count: 1 },
    ]);
    expect(told).toEqual(['removed']);
    expect(await there(kind)).toEqual(await story.upstream.refs());
    expect((await prune(request({ backups: { [BACKUP]: old } }))).steps).toEqual([]);
  });
});

describe('what is no backup of ours', () => {
  it('stays: another object, another name, no word of it in the ledger', async () => {
    const old = await forced('gitea');
    const { 'refs/heads/main': main = '' } = await story.upstream.refs();
    const { steps } = await prune(
      request({
        backups: { [BACKUP]: main, 'refs/heads/main': main, 'refs/gapferry/backup/9/heads/x': main },
      }),
    );
    expect(steps).toEqual([
      expect.objectContaining({
        place: expect.stringContaining(BACKUP),
        stays: expect.stringContaining('somebody changed it'),
      }),
    ]);
    expect(await there('gitea')).toMatchObject({ [BACKUP]: old, 'refs/heads/main': main });
  });

  it('stays where somebody moves it between the look and the removal', async () => {
    const old = await forced('gitea');
    const asked = request({ backups: { [BACKUP]: old } });
    const { target, remotes, host } = story.fixture.open();
    const [step] = await target.prunable(asked, run);
    if (step === undefined) throw new Error('no step');
    const url = host.urlOf(host.pathOf(NESTED));
    await expect(remotes.remove(url, [{ name: BACKUP, oid: 'f'.repeat(40) }], run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
    await remotes.remove(url, [{ name: BACKUP, oid: old }], run);
    expect(await target.prune(step, asked, run)).toEqual({ state: 'gone' });
    await target.close();
  });
});

describe('what waits for names that never come', () => {
  it('goes with the release that sent it, and no other', async () => {
    await forced('gitea');
    await story.upstream.commit({ message: 'staged', files: { 's.txt': 's\n' } });
    const state = await story.release();
    const { target } = story.fixture.open({ sequence: 19 });
    await story.survey(state, target);
    await target.load(state.content, state.medium, run);
    await target.close();
    const waiting = async (): Promise<string[]> =>
      Object.keys(await there('gitea')).filter((name) => name.startsWith('refs/gapferry/incoming/'));
    expect(await waiting()).toHaveLength(1);
    // Why they stay as long as a newer release without names does (`pruneRequests`): it sends nothing of its own.
    const next = story.fixture.open({ sequence: 20 }).target;
    await story.survey(state, next);
    expect(await next.inspect(state.content, run)).toEqual({ state: 'same' });
    await next.load(state.content, state.medium, run);
    await next.close();
    expect(await waiting()).toHaveLength(1);
    const foreign = digestFromHex('b'.repeat(64));
    expect((await prune(request({ statements: [foreign] }))).steps).toEqual([]);
    const { told } = await prune(request({ statements: [digestFromHex('19'.padStart(64, 'a'))] }));
    expect(told).toEqual(['removed']);
    expect(await waiting()).toEqual([]);
  });
});

describe('a host that lets nobody at such refs', () => {
  it('keeps the backup and says so in its words', async () => {
    const old = await forced('gitea');
    const bare = story.fixture.gitea?.repositories.directory(PLACE) ?? '';
    await story.upstream.git('--git-dir', bare, 'config', 'receive.hideRefs', 'refs/gapferry/backup');
    const { told } = await prune(request({ backups: { [BACKUP]: old } }));
    expect(told).toEqual([expect.stringMatching(/(?:refused the push|none was changed)/i)]);
    expect(await there('gitea')).toMatchObject({ [BACKUP]: old });
  });
});
