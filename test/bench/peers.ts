import { findTool, whyMissing } from '../live/support/tools.ts';
import type { Absentee, Contestant } from './side-by-side.ts';

/** Another program that does the same work, by the word that chooses it (`--peers`). */
export interface Peer {
  readonly key: string;
  /** Names on the report what exactly it does. */
  readonly name: string;
  /** Name of the program, as scripts/live/install.mjs reports it. */
  readonly needs: string;
  /** Shell text with `program` for its path. */
  readonly script: (program: string) => string;
  /** Before every run, not measured. */
  readonly prepare: () => Promise<void>;
}

/** Those of `peers` that were asked for (all, unless some are), each as a contestant or with the reason why it cannot take part. Throws for a word that chooses nobody. */
export function choosePeers(
  peers: readonly Peer[],
  chosen: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Array<Contestant | Absentee> {
  const unknown = chosen?.find((key) => peers.every((peer) => peer.key !== key));
  if (unknown !== undefined)
    throw new Error(`--peers ${unknown}: there are ${peers.map(({ key }) => key).join(', ')}`);
  return peers
    .filter(({ key }) => chosen?.includes(key) ?? true)
    .map(({ name, needs, script, prepare }) => {
      const program = findTool(needs);
      return program === undefined
        ? { name, missing: `${needs}: ${whyMissing(needs)}` }
        : { name, command: { argv: ['sh', '-c', script(program)], env }, prepare };
    });
}
