/** Makes a call here or elsewhere. Rejects with what it throws. */
export type BriefCall = <T>(here: () => T, elsewhere: () => Promise<T>) => Promise<T>;

/** A call that took longer waited for a disk or a network. */
const LONG_MS = 0.5;
/** Calls that then go to threads. */
const ELSEWHERE = 64;

/** For calls that a kernel mostly answers from memory, in less time than handing them to a thread takes: `here` makes the call at once. Where one took long, `elsewhere` makes the next ones,
 *  so that nobody waits behind a cold disk or a network mount. `now`: milliseconds that only grow. */
export function briefCalls(now: () => number = () => performance.now()): BriefCall {
  let elsewhere = 0;
  return async (here, other) => {
    if (elsewhere > 0) {
      elsewhere -= 1;
      return await other();
    }
    const began = now();
    try {
      return here();
    } finally {
      if (now() - began > LONG_MS) elsewhere = ELSEWHERE;
    }
  };
}
