import type { GitContent, Load, Obstacle, Permission, Run } from '@gapferry/core';
import pLimit from 'p-limit';
import type { HostedRepository, HostJudgement } from './git-host.ts';
import { type GitHostPlace, type GitLoad, toGit } from './git-host-place.ts';

/** Repositories asked about at a time. */
const CONNECTIONS = 8;

/** What the host must allow for `wanted`, and everything that is in the way of it; asked once in a survey. */
export function judgeRepositories(
  place: GitHostPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<HostJudgement> {
  if (place.judgement === undefined) {
    const judgement = judge(
      place,
      wanted.map((load) => toGit(load, place.target)),
      run,
    );
    place.judgement = judgement;
    judgement.catch(() => {
      place.judgement = undefined;
    });
  }
  return place.judgement;
}

async function judge(place: GitHostPlace, wanted: readonly GitLoad[], run: Run): Promise<HostJudgement> {
  const limit = pLimit(CONNECTIONS);
  const repositories = [...Map.groupBy(wanted, ({ repository }) => repository).values()];
  const looks = await Promise.all(
    repositories.map((loads) => limit(() => judgeRepository(place, loads, run))),
  );
  const missing = looks.flatMap(({ missing }) => missing ?? []);
  const lfs = wanted.some((load) => lfsOf(load).length > 0);
  const host = await place.host.judge({ missing, lfs }, run);
  return {
    permissions: [...host.permissions, ...looks.flatMap(({ permissions }) => permissions)],
    obstacles: [...host.obstacles, ...looks.flatMap(({ obstacles }) => obstacles)],
  };
}

interface RepositoryJudgement extends HostJudgement {
  /** It has to be made. */
  readonly missing?: { readonly path: string; readonly objectFormat: 'sha1' | 'sha256' };
}

/** `loads`: all of one repository. */
async function judgeRepository(
  place: GitHostPlace,
  loads: readonly GitLoad[],
  run: Run,
): Promise<RepositoryJudgement> {
  const [first] = loads as readonly [GitLoad];
  const path = place.host.pathOf(first.repository);
  const { hosted } = await place.memory.look(first.repository, run);
  const content = loads.find((load): load is GitContent => load.phase === 'content');
  const obstacles = contentObstacles(place, content, hosted);
  if (hosted === undefined) {
    const objectFormat = content?.objectFormat ?? 'sha1';
    return { permissions: [], obstacles, missing: { path, objectFormat } };
  }
  if (hosted.closed !== undefined)
    return { permissions: [], obstacles: [...obstacles, closed(path, first.item, hosted.closed)] };
  return { permissions: [await pushRight(place, path, hosted, run)], obstacles };
}

function closed(path: string, item: string, why: string): Obstacle {
  return {
    on: path,
    problem: `the repository ${path} (${item}) takes nothing: ${why}`,
    remedy: `change that at the host, or map ${path} elsewhere with \`path\` of the target`,
  };
}

async function pushRight(
  { host, remotes, target }: GitHostPlace,
  path: string,
  { mayPush }: HostedRepository,
  run: Run,
): Promise<Permission> {
  const need = { action: 'push', on: path };
  const lacking = (said: string): Permission => ({
    ...need,
    state: 'lacking',
    remedy: `give the user and the access token of target ${target} the right to write there${said}`,
  });
  if (mayPush === false) return lacking('');
  const right = await remotes.mayPush(host.urlOf(path), run);
  return right.state === 'proven' ? { ...need, state: 'proven' } : lacking(` (${right.said})`);
}

function contentObstacles(
  { lfs, target }: GitHostPlace,
  content: GitContent | undefined,
  hosted: HostedRepository | undefined,
): readonly Obstacle[] {
  if (content === undefined) return [];
  const hasLfs = lfsOf(content).length > 0;
  return [
    ...((content.shallow ?? []).length > 0 ? [cutHistory(content, target)] : []),
    ...(hasLfs && lfs === undefined ? [noLfs(content, target)] : []),
    ...(hasLfs && hosted?.noLfs === true ? [lfsOff(content)] : []),
  ];
}

function lfsOf(load: GitLoad): readonly unknown[] {
  return load.phase === 'content' ? (load.lfs ?? []) : [];
}

/** git hosts refuse a push into a history that ends early (`receive.shallowUpdate`), and whoever clones from one that does not gets a broken repository. */
function cutHistory({ item }: GitContent, target: string): Obstacle {
  return {
    on: item,
    problem: `${item} has a cut history (\`depth\`), which the Git host ${target} does not take`,
    remedy: 'leave `depth` out in bundle.yaml, or send the repository to an embedded depot',
  };
}

/** A branch whose files of Git LFS are missing cannot be checked out: better no branch at all. */
function noLfs({ item }: GitContent, target: string): Obstacle {
  return {
    on: item,
    problem: `${item} has files of Git LFS, and nobody said how they are sent to ${target}: it would have pointers to nothing`,
    remedy:
      'send the repository to an embedded depot, or say `lfs: none` in bundle.yaml and bring the files another way',
  };
}

function lfsOff({ item }: GitContent): Obstacle {
  return {
    on: item,
    problem: `${item} has files of Git LFS, which is switched off for its repository at the host`,
    remedy: 'have Git LFS switched on there, or say `lfs: none` in bundle.yaml',
  };
}
