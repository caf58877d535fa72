import type { HostedRepositories } from './hosted-repositories.ts';

/** How far a host is with the first push to a repository. */
export interface FirstPush {
  readonly path: string;
  defaultBranch: string;
  noticed: 'nothing' | 'a push' | 'its branches';
}

/** As Gitea does it (services/repository/push.go): the first push is looked at some time after it was answered, here when the repository is asked about for the second time. Then one of its
 *  branches, main or master where there is one, is the default, whatever was said before. */
export async function noticeFirstPush(
  repositories: HostedRepositories,
  repository: FirstPush,
): Promise<void> {
  const { path, noticed } = repository;
  if (noticed === 'its branches' || (await repositories.isEmpty(path))) return;
  repository.noticed = noticed === 'nothing' ? 'a push' : 'its branches';
  if (noticed === 'nothing') return;
  const branches = Object.keys(await repositories.refs(path)).flatMap(
    (name) => /^refs\/heads\/(.*)/.exec(name)?.[1] ?? [],
  );
  const usual = branches.find((name) => name === 'main' || name === 'master');
  repository.defaultBranch = usual ?? branches[0] ?? repository.defaultBranch;
  await repositories.setHead(path, repository.defaultBranch);
}
