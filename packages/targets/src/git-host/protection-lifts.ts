import { GapferryError, isInterruption, quietRun, type Run } from '@gapferry/core';
import pLimit from 'p-limit';
import type { GitHost, HostRequest, Protection } from './git-host.ts';

/** A rule of the host that is lifted right now. */
export interface LiftedRule {
  /** The repository's place at the host. */
  readonly path: string;
  readonly rule: string;
  readonly restore: readonly HostRequest[];
}

/** Where lifted rules are remembered, so that a run after a killed one can restore them. On disk when `write` returns. */
export interface LiftJournal {
  read(): Promise<readonly LiftedRule[]>;
  write(rules: readonly LiftedRule[]): Promise<void>;
}

export interface ProtectionLifts {
  /** Acts while the rules are lifted, and restores them whatever happens, also when the run is stopped. Throws `TARGET_CONFLICT` when a rule could not be restored. */
  during<T>(path: string, rules: readonly Protection[], act: () => Promise<T>, run: Run): Promise<T>;
  /** Restores what a killed run left lifted. */
  restoreLeft(run: Run): Promise<void>;
}

export function protectionLifts(host: GitHost, journal: LiftJournal, target: string): ProtectionLifts {
  const turn = pLimit(1);
  const note = (change: (rules: readonly LiftedRule[]) => readonly LiftedRule[]): Promise<void> =>
    turn(async () => {
      const before = await journal.read();
      const after = change(before);
      if (after.length > 0 || before.length > 0) await journal.write(after);
    });
  const restore = async (lifted: LiftedRule, run: Run): Promise<void> => {
    await host.carryOut(lifted.restore, run);
    await note((rules) => rules.filter((one) => one.path !== lifted.path || one.rule !== lifted.rule));
  };
  /** Every one of them, whatever becomes of the others. */
  const restoreAll = async (lifted: readonly LiftedRule[], run: Run): Promise<void> => {
    const failures: unknown[] = [];
    for (const rule of lifted)
      await restore(rule, run).catch((error: unknown) => failures.push(unrestored(rule, target, error)));
    if (failures.length > 0) throw failures[0];
  };
  return {
    async during(path, rules, act, run) {
      const lifted: LiftedRule[] = [];
      try {
        for (const { rule, lift } of rules) {
          if (lift === undefined) continue;
          const one = { path, rule, restore: lift.restore };
          await note((known) => [...known, one]);
          lifted.push(one);
          await host.carryOut(lift.lift, run);
        }
        return await act();
      } finally {
        // Who stops the run does not want to leave a branch open.
        await restoreAll(lifted, quietRun());
      }
    },
    restoreLeft: async (run) => await restoreAll(await journal.read(), run),
  };
}

function unrestored({ path, rule }: LiftedRule, target: string, cause: unknown): unknown {
  if (isInterruption(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `the rule "${rule}" of ${path} at target ${target} is lifted and could not be restored: ${why}`,
    hint: 'restore it by hand at the host; the next import tries again as well',
    data: { path, rule, target },
    cause,
  });
}
