import { byNaming } from '@gapferry/core';
import type { DiscoveryFailure } from './discovery-error.ts';
import type { Followed } from './follow-references.ts';
import { keptNamings, referenceNaming } from './naming.ts';

/** What references surely need and cannot have: each thing once for each reason, with all places that point to it. */
export function followedFailures({ verdicts }: Followed): DiscoveryFailure[] {
  const failed = [...verdicts].flatMap(([{ item, reference }, { outcome, called, error, reason }]) =>
    outcome === 'failed' && called !== undefined
      ? [
          {
            ...called,
            error,
            reason,
            confidence: reference.confidence,
            naming: referenceNaming(item, reference),
          },
        ]
      : [],
  );
  const groups = Map.groupBy(failed, ({ kind, name, reason }) => `${kind} ${name}\n${reason}`);
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const { kind, name, error } = first;
    const confidence = own.some((one) => one.confidence === 'certain') ? 'certain' : first.confidence;
    const namedBy = keptNamings(own.map(({ naming }) => naming)).sort(byNaming);
    return [{ kind, name, isReference: true, confidence, namedBy, error }];
  });
}
