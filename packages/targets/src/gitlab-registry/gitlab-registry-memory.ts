import type { Run } from '@gapferry/core';
import type { GitHost, HostApi, HostJudgement } from '../git-host/git-host.ts';
import { askOnce } from '../registry-host/ask-once.ts';
import { askAccount, lookAtProject, type ProjectLook } from './gitlab-registry-questions.ts';

/** What one survey has found out about projects: each is asked about once. */
export interface GitlabRegistryMemory {
  /** Does the API take who asks? */
  hasApi(run: Run): Promise<boolean>;
  look(project: string, run: Run): Promise<ProjectLook>;
  /** Whether projects that are missing can be made. */
  judge(missing: readonly string[], run: Run): Promise<HostJudgement>;
  /** It is not what it was. */
  forget(project: string): void;
  /** Projects whose registry refused to be read. */
  readonly closed: Set<string>;
}

export function gitlabRegistryMemory(api: HostApi, gitlab: GitHost): GitlabRegistryMemory {
  const { once, question, forget } = askOnce();
  const hasApi = (run: Run): Promise<boolean> => question('account', () => askAccount(api, run));
  return {
    hasApi,
    look: (project, run) =>
      once(`look ${project}`, async (): Promise<ProjectLook> => {
        if (!(await hasApi(run))) return { state: 'hidden' };
        return await question(`project ${project}`, () => lookAtProject(api, project, run));
      }),
    judge: (missing, run) =>
      once(`judge ${missing.join(' ')}`, async () => {
        if (missing.length === 0) return { permissions: [], obstacles: [] };
        await gitlab.begin(run);
        const wanted = missing.map((path) => ({ path, objectFormat: 'sha1' as const }));
        return await gitlab.judge({ missing: wanted, lfs: false }, run);
      }),
    forget: (project) => {
      forget(`look ${project}`);
      forget(`project ${project}`);
    },
    closed: new Set(),
  };
}
