/** What an import writes into the site's ledger, in this order. Every entry of one import has `channel`, `sequence` and `statement`. */
export const IMPORT_ENTRIES = {
  /** Before the first effect: the release, the policy, who signed, what the plan counts; `approved`, the sha256 of the plan file it was held against; `onePass: true` where blobs are hashed only while they are sent; `admitted`, the index of the entry by which the release was let in before, where only what is sent was hashed; of an import that goes back `override`, the digest of the override's statement, and `back`: from where, why and by whose order; `places`: of each target of the site file a digest of where it is; `sends`: by target the items, by their index in the manifest, of which content is sent there. */
  began: 'import.began',
  /** Of an import that stops behind the barrier, with everything at its targets and no name set; `finished` does not follow: `targets`, their names; `items`, how many; `names`, how many are to be set. */
  staged: 'import.staged',
  /** Before names are set: `target`, `names: [{place, state}]`; several entries when they do not fit into one, and a state with many refs in parts. `about`, in the last part: what is said of a repository; `backups: [{ref, oid, backup}]`: refs that are moved or deleted, what stands there, and the ref that keeps it. */
  naming: 'import.naming',
  /** After a name was set: `target`, `place`, `item`, `left`: what it stands for now; `found: true` when it stood there before any import set it; `more: true` when the next entry goes on with it; `about`, with its end: what was set of what is said of a repository. */
  named: 'import.named',
  /** Before `finished`: `items`, the record's items in manifest order; as many entries as they need. */
  items: 'import.items',
  /** `record`: of an import that came to its end, without its items. */
  finished: 'import.finished',
  /** Instead of `finished`: the `code` and `message` of what stopped it. */
  stopped: 'import.stopped',
  /** After `finished`: `receipt`, the digest of the receipt's statement, and its `status`. */
  receipted: 'import.receipted',
} as const;
