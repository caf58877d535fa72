/** What a watcher found when it first saw a commit. */
export interface SeenCommit {
  readonly commit: string;
  /** What the commit names and the zone did not have at that moment. */
  readonly missing: readonly string[];
}

/** Looks at a branch again and again, as Argo CD and Flux do, and at what a commit names as soon as there is a new one. */
export interface GitWatcher extends AsyncDisposable {
  /** In the order in which they were seen. */
  readonly seen: readonly SeenCommit[];
  /** How often it has looked. */
  readonly looks: number;
  /** Resolves when a look that began after this call has ended. Rejects when looking failed, as does disposal. */
  looked(): Promise<void>;
}

export interface Watched {
  /** The commit of the branch; undefined while there is none. */
  readonly look: () => Promise<string | undefined>;
  /** What this commit names and is not there. */
  readonly missing: (commit: string) => Promise<readonly string[]>;
}

/** Looks without a pause until it is disposed of. */
export function watchGit({ look, missing }: Watched): GitWatcher {
  const seen: SeenCommit[] = [];
  const state = { looks: 0, isOn: true };
  let ended = Promise.withResolvers<void>();
  const lookOnce = async (): Promise<void> => {
    const commit = await look();
    if (commit !== undefined && seen.at(-1)?.commit !== commit)
      seen.push({ commit, missing: await missing(commit) });
    state.looks += 1;
    const done = ended;
    ended = Promise.withResolvers();
    done.resolve();
  };
  const watching = (async () => {
    while (state.isOn) await lookOnce();
  })();
  // Whoever waits hears of it, and so does whoever disposes.
  watching.catch((error: unknown) => {
    ended.promise.catch(() => {});
    ended.reject(error);
  });
  return {
    seen,
    get looks() {
      return state.looks;
    },
    looked: async () => {
      await ended.promise;
      await ended.promise;
    },
    [Symbol.asyncDispose]: async () => {
      state.isOn = false;
      await watching;
    },
  };
}
