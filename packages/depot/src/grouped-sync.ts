/** Bundles calls: everybody who asks while a sync of the same directory runs is served by the next one, together. A promise resolves after a sync that began after it was asked for. */
export function createGroupedSync(
  sync: (directory: string) => Promise<void>,
): (directory: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  const start = (directory: string): Promise<void> => {
    const current = sync(directory).finally(() => running.delete(directory));
    running.set(directory, current);
    return current;
  };
  return (directory) => {
    const current = running.get(directory);
    if (current === undefined) return start(directory);
    const joined = waiting.get(directory);
    if (joined !== undefined) return joined;
    const next = current
      .catch(() => {})
      .then(() => {
        waiting.delete(directory);
        return start(directory);
      });
    waiting.set(directory, next);
    return next;
  };
}
