/** What is opened by whoever needs it first. */
export interface Late<T> {
  get(): Promise<T>;
  /** Ends what was opened; nothing where nobody needed it. */
  end(close: (opened: T) => Promise<void>): Promise<void>;
}

export function late<T>(open: () => Promise<T>): Late<T> {
  let opened: Promise<T> | undefined;
  return {
    get() {
      opened ??= open();
      return opened;
    },
    async end(close) {
      const there = await opened?.catch(() => undefined);
      if (there !== undefined) await close(there);
    },
  };
}
