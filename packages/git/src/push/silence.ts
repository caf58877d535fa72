/** What a push may be silent for while nobody but us has anything to do: connecting, listing, sending. */
export const PUSH_SILENCE_MS = 60_000;

/** One file a ref, on a slow disk that is synced. */
const MS_PER_REF = 20;

/** An indexer that says nothing hashes at least so much, and what is still on its way when git here is done is less. */
const BYTES_PER_MS = 524;

export interface PushedAmount {
  readonly refs: number;
  readonly bytes: number;
}

/** Milliseconds that a server may say nothing, not even that it is still there, when it has everything: it checks and indexes the pack, asks its hooks, and sets the refs. git's own servers
 *  send a packet every five seconds meanwhile (`receive.keepAlive`), each of which counts; a proxy may hold these back. */
export function workingSilence({ refs, bytes }: PushedAmount, idleMs: number): number {
  return idleMs + refs * MS_PER_REF + Math.ceil(bytes / BYTES_PER_MS);
}

const UNITS: Readonly<Record<string, number>> = { bytes: 1, KiB: 1024, MiB: 2 ** 20, GiB: 2 ** 30 };

/** How many bytes `git push --progress` sent, by what it says when it has; undefined before. */
export function bytesSent(said: string): number | undefined {
  if (!/^Total \d+ \(delta/m.test(said)) return undefined;
  const [, number = '0', unit = 'bytes'] =
    /Writing objects: 100% \(\d+\/\d+\), ([\d.]+) (bytes|KiB|MiB|GiB)[^\r\n]*, done\./.exec(said) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}
