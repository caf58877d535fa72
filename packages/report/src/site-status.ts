import type { Digest, NameState } from '@gapferry/core';
import type { ContentAge } from './content-dates.ts';

/** Where a site stands, for people and programs. */
export interface SiteStatus {
  readonly site: string;
  /** RFC 3339: when it was asked. */
  readonly at: string;
  readonly ledger: {
    readonly entries: number;
    readonly head?: { readonly index: number; readonly digest: Digest };
  };
  /** The process that works for the site right now. */
  readonly running?: { readonly purpose: string; readonly since: string; readonly by: string };
  /** Times when the ledger was begun anew. */
  readonly restarts: readonly { readonly index: number; readonly at: string; readonly reason: string }[];
  readonly channels: readonly ChannelStatus[];
}

export interface ReleaseName {
  readonly sequence: number;
  readonly statement: Digest;
  readonly version?: string;
}

export interface ChannelStatus {
  readonly channel: string;
  /** The highest number that was accepted. */
  readonly mark?: number;
  readonly loaded?: ReleaseName & {
    readonly since: string;
    readonly proved: string;
    readonly receipt?: { readonly statement: Digest; readonly file?: string };
    readonly override?: Digest;
  };
  readonly staged?: ReleaseName & { readonly at: string };
  readonly unfinished?: ReleaseName & {
    readonly how: 'partly-loaded' | 'stopped' | 'broken off';
    readonly at: string;
    readonly code?: string;
    readonly message?: string;
  };
  readonly overrides: readonly {
    readonly override: Digest;
    readonly index: number;
    readonly at: string;
    readonly to: ReleaseName;
    readonly reason?: string;
  }[];
  readonly content?: readonly ContentAge[];
  /** What was asked of the targets; absent when nothing was. */
  readonly targets?: readonly TargetStatus[];
  /** Why nothing could be compared: the site does not keep the release, or its policy of today refuses it. */
  readonly notCompared?: StatusProblem;
}

export interface StatusProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface TargetStatus {
  readonly target: string;
  /** Names as they were left, and names that nobody could be asked about. */
  readonly same: number;
  readonly unasked: number;
  readonly drift: readonly DriftStatus[];
  readonly error?: StatusProblem;
}

export interface DriftStatus {
  readonly kind: 'gone' | 'moved' | 'content';
  readonly target: string;
  readonly item: string;
  readonly place: string;
  readonly address?: string;
  readonly was?: NameState;
  readonly is?: NameState;
}

/** What decides about the exit code. */
export function judgeStatus({ channels }: SiteStatus): {
  readonly drift: number;
  /** Targets that could not be asked about everything, and channels that could not be compared. */
  readonly unknown: number;
} {
  const targets = channels.flatMap((channel) => channel.targets ?? []);
  return {
    drift: targets.reduce((sum, { drift }) => sum + drift.length, 0),
    unknown:
      targets.filter(({ unasked }) => unasked > 0).length +
      channels.filter(({ notCompared }) => notCompared !== undefined).length,
  };
}
