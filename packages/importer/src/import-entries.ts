/** What an import writes into the site's ledger, in this order. Every entry of one import has `channel`, `sequence` and `statement`. */
export const IMPORT_ENTRIES = {
  /** Before the first effect: the release, the policy, who signed, what the plan counts, the mark before. */
  began: 'import.began',
  /** Before names are set: `target`, `names: [{place, state}]`. */
  naming: 'import.naming',
  /** After a name was set: `target`, `place`, `item`, `left`: what it stands for now. */
  named: 'import.named',
  /** The whole record of an import that came to its end. */
  finished: 'import.finished',
  /** Instead of `finished`: the `code` and `message` of what stopped it. */
  stopped: 'import.stopped',
  /** After `finished`: `receipt`, the digest of the receipt's statement, and its `status`. */
  receipted: 'import.receipted',
} as const;
