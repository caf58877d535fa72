import { GapferryError, type NameLoad, type NameState, type Presence, printable } from '@gapferry/core';

/** What a target says about a name load: `there` holds only members that `wanted` has too. A name needs no bytes: its content is there before it. */
export function toPresence(there: NameState, wanted: NameState): Presence {
  if (Object.keys(there).length === 0) return { state: 'absent', missingBytes: 0 };
  if (isSame(there, wanted)) return { state: 'same' };
  return { state: 'different', there, missingBytes: 0 };
}

export function isSame(there: NameState, wanted: NameState): boolean {
  return Object.entries(wanted).every(([name, value]) => there[name] === value);
}

/** Throws `TARGET_CONFLICT` where something is there that is neither wanted nor what the plan saw. */
export function requireReplaceable(
  load: NameLoad,
  there: NameState,
  wanted: NameState,
  target: string,
): void {
  for (const [name, value] of Object.entries(wanted)) {
    const now = there[name];
    if (now !== undefined && now !== value && now !== load.replaces?.[name])
      throw conflict(load, name, now, target);
  }
}

function conflict(load: NameLoad, name: string, now: string, target: string): GapferryError {
  const saw = load.replaces?.[name];
  const what = printable(load.kind === 'git' ? `${name} of ${load.item}` : load.item);
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${what} is ${now} at the target ${target}; the plan saw ${saw ?? 'nothing there'}`,
    hint: 'somebody changed it since the plan was made: look at it, then plan again',
    origin: 'target',
    data: { item: load.item, name, there: now, planned: saw, target },
  });
}
