import type { ImportPlan } from '@gapferry/bundle';
import { type Ledger, printable, shortDigest } from '@gapferry/core';
import { type StayingName, stayingNames } from '@gapferry/importer';

/** Of an import that goes back: what the plan does not say by itself. */
export interface GoingBack {
  readonly lines: readonly string[];
  readonly json: { readonly stays: readonly StayingName[] };
}

/** Names and refs that are told one by one. */
const SHOWN = 100;

/** Who ordered it and why, and what newer releases brought that stays. Undefined for an import that goes on. To be asked before the first effect: the ledger is read. */
export function describeGoingBack(plan: ImportPlan, ledger: Ledger): GoingBack | undefined {
  const { release, override } = plan.release.opened;
  if (override === undefined) return undefined;
  const stays = stayingNames(ledger, plan);
  const who = override.signers.map(({ key, owner }) => (key === owner ? key : `${key} (${owner})`));
  const lines = stays.flatMap(stayLines);
  const more = lines.length > SHOWN ? [`  … and ${lines.length - SHOWN} more stay`] : [];
  return {
    lines: [
      `goes back to ${release.channel}/${release.sequence} by override ${shortDigest(override.statement)} of ${who.join(', ')}: ${override.reason}`,
      ...lines.slice(0, SHOWN),
      ...more,
    ].map(printable),
    json: { stays },
  };
}

function stayLines({ target, item, names }: StayingName): string[] {
  return names === undefined
    ? [`  stays  ${item} at ${target}`]
    : names.map((name) => `  stays  ${name} of ${item} at ${target}`);
}
