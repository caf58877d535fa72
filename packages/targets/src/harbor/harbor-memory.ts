import type { Run } from '@gapferry/core';
import type { HostApi } from '../git-host/git-host.ts';
import { type AskOnce, askOnce } from '../registry-host/ask-once.ts';
import {
  askQuota,
  askRights,
  askSystem,
  type HarborSystem,
  lookAtProject,
  type ProjectLook,
  type ProjectQuota,
  type Rights,
  scopeOf,
} from './harbor-questions.ts';

/** What one survey has found out about projects: each is asked about once. */
export interface HarborMemory extends Pick<AskOnce, 'once'> {
  system(run: Run): Promise<HarborSystem>;
  systemRights(run: Run): Promise<Rights | undefined>;
  look(project: string, run: Run): Promise<ProjectLook>;
  /** Of a project that is there. */
  rights(project: string, run: Run): Promise<Rights | undefined>;
  quota(project: string, run: Run): Promise<ProjectQuota | undefined>;
  /** It is not what it was. */
  forget(project: string): void;
  /** Projects whose registry refused to be read. */
  readonly closed: Set<string>;
}

export function harborMemory(api: HostApi): HarborMemory {
  const { once, question, forget } = askOnce();
  const look = (project: string, run: Run): Promise<ProjectLook> =>
    question(`look ${project}`, () => lookAtProject(api, project, run));
  return {
    once,
    look,
    system: (run) => question('system', () => askSystem(api, run)),
    systemRights: (run) => question('rights', () => askRights(api, '/system', run)),
    rights: async (project, run) => {
      const seen = await look(project, run);
      if (seen.state !== 'there') return undefined;
      return await question(`rights ${project}`, () => askRights(api, scopeOf(seen.project), run));
    },
    quota: async (project, run) => {
      const seen = await look(project, run);
      if (seen.state !== 'there') return undefined;
      return await question(`quota ${project}`, () => askQuota(api, seen.project, run));
    },
    forget: (project) => {
      for (const key of ['look', 'rights', 'quota']) forget(`${key} ${project}`);
    },
    closed: new Set(),
  };
}
