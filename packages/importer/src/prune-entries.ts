/** What a prune writes into the site's ledger, in this order. Every entry has `plan`, the digest of what was approved. */
export const PRUNE_ENTRIES = {
  /** Before the first effect: `site`, `keep`, `channels`: what stays and what goes of each. */
  began: 'prune.began',
  /** Before something goes: `target`, `channel`, `steps`; several entries when they do not fit into one. */
  removing: 'prune.removing',
  /** After it: `target`, `channel`, `steps` with `outcome` each, and `why` of what stays. */
  removed: 'prune.removed',
  /** When all of a target is done: `target`, `channel`, `places`, names that the channel had left there and that stand no more: nobody's from now on. */
  freed: 'prune.freed',
  /** `removed`, `stayed`: how many. */
  finished: 'prune.finished',
  /** Instead of `finished`: the `code` and `message` of what stopped it. */
  stopped: 'prune.stopped',
} as const;
