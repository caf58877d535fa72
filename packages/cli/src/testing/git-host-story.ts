import { type GitRefs, type Presence, quietRun } from '@gapferry/core';
import type { TargetGitState } from '@gapferry/core/testing';
import type { GitHostTarget } from '@gapferry/targets';
import { createRepository, type TestGitRepository } from '@gapferry/testkit';
import {
  type GitHostFixture,
  type GitHostKind,
  type OpenOptions,
  openGitHostFixture,
} from './git-host-fixture.ts';
import { gitState } from './git-states.ts';

const run = quietRun();

export type Wants = OpenOptions & { readonly prunes?: boolean };

/** A host, an upstream repository that grows, and imports of it. */
export interface GitHostStory {
  readonly fixture: GitHostFixture;
  readonly upstream: TestGitRepository;
  /** What upstream is now, under a name of the release. */
  release(repository?: string): Promise<TargetGitState>;
  /** What the survey of a new import says of the refs. */
  survey(state: TargetGitState, target?: GitHostTarget): Promise<Presence>;
  /** Like an import of one repository: survey, content, barrier, names. Returns what the survey said of the refs. */
  load(state: TargetGitState, wants?: Wants): Promise<Presence>;
  /** Refs at the host. */
  there(path?: string): Promise<Record<string, string>>;
  /** Requests that pushed. */
  pushes(): number;
  /** Rewrites the branch `release` upstream. */
  force(): Promise<string>;
  close(): Promise<void>;
}

/** Where Gitea has the repository. */
export const PLACE = 'git.example/line-infra';
/** Where GitLab has it. */
export const NESTED = 'git.example/line/infra';

export async function startStory(
  kind: GitHostKind,
  more: Parameters<typeof openGitHostFixture>[1] = {},
): Promise<GitHostStory> {
  const fixture = await openGitHostFixture(kind, more);
  const upstream = await createRepository(fixture.path('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, tags: ['v1'] },
    { message: 'two', files: { 'a.txt': 'two\n' } },
    { message: 'aside', branch: 'release', files: { 'b.txt': 'b\n' } },
    { message: 'three', branch: 'main', files: { 'a.txt': 'three\n' } },
  ]);
  const survey: GitHostStory['survey'] = async (
    { content, refs, medium },
    target = fixture.open().target,
  ) => {
    await target.preflight([content, refs], run, medium);
    await target.inspect(content, run);
    return await target.inspect(refs, run);
  };
  return {
    fixture,
    upstream,
    survey,
    release: async (repository = NESTED) => {
      const { content, refs, medium } = await gitState(upstream);
      const base = { repository, item: `git ${repository}`, source: `https://${repository}.git` };
      return { content: { ...content, ...base }, refs: { ...refs, ...base }, medium };
    },
    load: async (state, wants = {}) => {
      const { target } = fixture.open(wants);
      const presence = await survey(state, target);
      await target.load(state.content, state.medium, run);
      await target.readBack(state.content, run);
      await target.load(planned(state.refs, presence, wants.prunes), state.medium, run);
      await target.close();
      return presence;
    },
    there: async (path = PLACE) => (await (fixture.gitea ?? fixture.gitlab)?.repositories.refs(path)) ?? {},
    pushes: () =>
      fixture.server.requests.filter(
        ({ method, url }) => method === 'POST' && url.endsWith('/git-receive-pack'),
      ).length,
    force: async () => {
      await upstream.git('switch', '-q', 'release');
      await upstream.git('reset', '-q', '--hard', 'main~2');
      const oid = await upstream.commit({ message: 'rewritten', files: { 'c.txt': 'c\n' } });
      await upstream.git('switch', '-q', 'main');
      return oid;
    },
    close: () => fixture.close(),
  };
}

/** The name load as a plan makes it. */
export function planned(refs: GitRefs, presence: Presence, prunes = false): GitRefs {
  const gone = (presence.prunable ?? []).map(({ ref, from = '' }) => [ref, from] as const);
  return {
    ...refs,
    ...(presence.state === 'different' && { replaces: presence.there }),
    ...(prunes && { prunes: Object.fromEntries(gone) }),
  };
}
