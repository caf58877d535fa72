import { type GitPin, type GitWish, type Run, wishDigest } from '@gapferry/core';
import type { GitSource } from '@gapferry/git';

/** A source of repositories that may be asked before anybody needs the answer. */
export interface AskedAhead {
  readonly source: GitSource;
  /** Begins to resolve the first of these wishes, which brings what is new of them; the next `resolve` of each takes the answer, or the failure. */
  begin(wishes: readonly GitWish[], run: Run): void;
  /** Stops what was begun, also where who asked for it waits no more, and waits until it has stopped. */
  end(): Promise<void>;
}

/** As many as a collect resolves at once. */
const AT_ONCE = 8;

/** git works in processes of its own: while it talks to upstream, the rest of a collect is loaded. */
export function askedAhead(source: GitSource): AskedAhead {
  const begun = new Map<string, Promise<readonly GitPin[]>>();
  const all: Promise<unknown>[] = [];
  const stop = new AbortController();
  return {
    source: {
      ...source,
      resolve(wish, run) {
        const key = wishDigest(wish);
        const answer = begun.get(key);
        begun.delete(key);
        return answer ?? source.resolve(wish, run);
      },
    },
    begin(wishes, run) {
      const inner: Run = {
        signal: AbortSignal.any([run.signal, stop.signal]),
        emit: (event) => run.emit(event),
      };
      for (const wish of wishes.slice(0, AT_ONCE)) {
        const answer = source.resolve(wish, inner);
        answer.catch(() => {});
        begun.set(wishDigest(wish), answer);
        all.push(answer);
      }
    },
    async end() {
      stop.abort();
      await Promise.allSettled(all);
    },
  };
}
