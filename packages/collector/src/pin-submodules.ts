import { checkRun, type GitPin, isInterruption, type Run } from '@gapferry/core';
import pLimit from 'p-limit';
import type { Followed } from './follow-references.ts';
import type { FollowRequest } from './follow-request.ts';
import { failedVerdict, type Verdict } from './judge-reference.ts';
import { isSubmodule } from './naming.ts';
import type { Pointer } from './pointer.ts';

/** Repositories that are looked into at once. */
const AT_ONCE = 4;

/** Pins every commit that another repository has as a submodule, in the repository that it is in: with what Git LFS keeps for it, which the refs may lead past. What cannot be had is a verdict. Throws
 *  `INTERRUPTED`. */
export async function pinSubmodules(
  followed: Followed,
  { discovery, config }: FollowRequest,
  run: Run,
): Promise<Followed> {
  const pins = new Map(followed.pins);
  const verdicts = new Map(followed.verdicts);
  const limit = pLimit(AT_ONCE);
  const pinAt = async (name: string, own: readonly Submodule[]): Promise<void> => {
    const pin = pins.get(name) as GitPin;
    try {
      checkRun(run);
      pins.set(name, await discovery.submodules.pinCommits(pin, own.map(commitOf), run));
    } catch (error) {
      if (isInterruption(error)) throw error;
      const called = { kind: 'git', name: pin.id } as const;
      for (const { pointer } of own)
        verdicts.set(pointer, failedVerdict(pointer.reference, called, error, config));
    }
  };
  const groups = Map.groupBy(submodulesAmong(verdicts), ({ became }) => became);
  await Promise.all([...groups].map(([name, own]) => limit(() => pinAt(name, own))));
  return { ...followed, pins, verdicts };
}

interface Submodule {
  readonly pointer: Pointer;
  /** Kind and id of the repository that it is. */
  readonly became: string;
}

function submodulesAmong(verdicts: ReadonlyMap<Pointer, Verdict>): Submodule[] {
  return [...verdicts].flatMap(([pointer, { became }]) =>
    became !== undefined && isSubmodule(pointer.reference) ? [{ pointer, became }] : [],
  );
}

function commitOf({ pointer: { reference } }: Submodule): string {
  return (isSubmodule(reference) && reference.revision?.text) || '';
}
