import type { Run } from '@gapferry/core';
import pLimit from 'p-limit';
import type { HostApi } from '../git-host/git-host.ts';
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

/** What one survey has found out about projects: each is asked about once. A question that failed may be asked again. */
export interface HarborMemory {
  system(run: Run): Promise<HarborSystem>;
  systemRights(run: Run): Promise<Rights | undefined>;
  look(project: string, run: Run): Promise<ProjectLook>;
  /** Of a project that is there. */
  rights(project: string, run: Run): Promise<Rights | undefined>;
  quota(project: string, run: Run): Promise<ProjectQuota | undefined>;
  /** Asks what is not known yet. */
  once<T>(key: string, ask: () => Promise<T>): Promise<T>;
  /** It is not what it was. */
  forget(project: string): void;
  /** Projects whose registry refused to be read. */
  readonly closed: Set<string>;
}

/** Questions to the API at a time: it is no fast one. */
const CONNECTIONS = 4;

export function harborMemory(api: HostApi): HarborMemory {
  const limit = pLimit(CONNECTIONS);
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => kept(known, key, () => limit(ask));
  const look = (project: string, run: Run): Promise<ProjectLook> =>
    once(`look ${project}`, () => lookAtProject(api, project, run));
  return {
    // Its own questions take their turns.
    once: (key, ask) => kept(known, key, ask),
    look,
    system: (run) => once('system', () => askSystem(api, run)),
    systemRights: (run) => once('rights', () => askRights(api, '/system', run)),
    rights: async (project, run) => {
      const seen = await look(project, run);
      if (seen.state !== 'there') return undefined;
      return await once(`rights ${project}`, () => askRights(api, scopeOf(seen.project), run));
    },
    quota: (project, run) => once(`quota ${project}`, () => askQuota(api, project, run)),
    forget: (project) => {
      for (const key of ['look', 'rights', 'quota']) known.delete(`${key} ${project}`);
    },
    closed: new Set(),
  };
}

function kept<T>(known: Map<string, Promise<unknown>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before as Promise<T>;
  const answer = ask();
  known.set(key, answer);
  answer.catch(() => known.delete(key));
  return answer;
}
