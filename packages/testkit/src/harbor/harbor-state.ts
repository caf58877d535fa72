import type { TestRequest } from '../http/test-request.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { type HarborRobot, type HarborUser, type Principal, principalOf } from './harbor-access.ts';
import type { HarborProject, HarborRetention } from './harbor-projects.ts';

export interface HarborLabel {
  readonly id: number;
  readonly name: string;
  readonly scope: 'p' | 'g';
  readonly project_id: number;
  readonly description: string;
  readonly color: string;
}

/** A report of a scanner (swagger: NativeReportSummary). */
export interface HarborScan {
  readonly scan_status: 'Pending' | 'Running' | 'Success' | 'Error';
  readonly severity?: string;
  readonly summary?: {
    readonly total: number;
    readonly fixable: number;
    readonly summary: Readonly<Record<string, number>>;
  };
}

/** Everything the fake keeps besides blobs and manifests. */
export interface HarborState {
  readonly store: RegistryStore;
  readonly users: HarborUser[];
  readonly robots: HarborRobot[];
  readonly projects: Map<string, HarborProject>;
  readonly retentions: Map<number, HarborRetention>;
  readonly labels: Map<number, HarborLabel>;
  /** Ids of labels by `repository@digest`. */
  readonly labelled: Map<string, Set<number>>;
  /** By `repository@digest`: what each question finds next; the last one stays. */
  readonly scans: Map<string, HarborScan[]>;
  readonly settings: HarborSettings;
  now(): number;
  nextId(): number;
}

export interface HarborSettings {
  version: string;
  creation: 'everyone' | 'adminonly';
  readOnly: boolean;
  /** Bytes of a new project whose maker may not say it; -1: no limit. */
  defaultQuota: number;
  /** What a scan comes to; absent: there is no scanner. */
  scanner?: readonly HarborScan[];
  /** Bytes free where the registry keeps its blobs; `unseen`: its API has no disk to look at, as in a cluster (harbor-helm#441). */
  freeBytes: number | 'unseen';
}

export function whoAsks(state: HarborState, request: TestRequest): Principal {
  return principalOf(request, { users: state.users, robots: state.robots, now: state.now });
}
