import type { ImportPlan } from '@gapferry/bundle';
import { placeOf, wantedState } from '@gapferry/bundle';
import type { Digest, JsonValue, Ledger, LedgerEntry } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';
import type { GoneBack } from './import-outcome.ts';

/** Was an override used by an import that came to its end, or that something else of the channel followed? Only the very import that began with it may go on. The ledger's own account: whoever asks has verified its chain.
 *  `hasReceipt`: does the site have the receipt with this digest? An import whose receipt never reached the disk has not come to its end. */
export function isOverrideSpent(
  ledger: Ledger,
  override: Digest,
  hasReceipt: (receipt: unknown) => boolean = () => true,
): boolean {
  const kinds = [IMPORT_ENTRIES.began, IMPORT_ENTRIES.receipted];
  let using: LedgerEntry['data'] | undefined;
  for (const { kind, data } of ledger.history(kinds)) {
    if (kind === IMPORT_ENTRIES.began && data['override'] === override) using = data;
    else if (using !== undefined && ends(using, kind, data, hasReceipt)) return true;
  }
  return false;
}

function ends(
  using: LedgerEntry['data'],
  kind: string,
  data: LedgerEntry['data'],
  hasReceipt: (receipt: unknown) => boolean,
): boolean {
  if (data['channel'] !== using['channel']) return false;
  if (kind === IMPORT_ENTRIES.began) return true;
  const isLoaded = data['statement'] === using['statement'] && data['status'] === 'loaded';
  return isLoaded && hasReceipt(data['receipt']);
}

/** What an import that goes back writes into its first entry. */
export function overrideData({ release }: ImportPlan): Record<string, JsonValue> {
  const { override } = release.opened;
  if (override === undefined) return {};
  const { statement, from, reason, notAfter, signers } = override;
  return {
    override: statement,
    back: { from, reason, notAfter, signers: signers.map((signer) => ({ ...signer })) },
  };
}

/** For record and receipt. */
export function goneBack({ release }: ImportPlan): { readonly override?: GoneBack } {
  const { override } = release.opened;
  if (override === undefined) return {};
  const { statement, from, reason, signers } = override;
  return { override: { statement, from, reason, signers } };
}

/** What a newer release of the channel put somewhere, and the older one does not name: going back leaves it there. */
export interface StayingName {
  readonly target: string;
  /** `placeOf` of the name. */
  readonly place: string;
  readonly item: string;
  /** Of a repository or a directory that both have: the refs or files that only the newer one has. */
  readonly names?: readonly string[];
}

/** As the ledger tells it, in the order in which it was put there; nobody looked whether it still stands. */
export function stayingNames(ledger: Ledger, plan: ImportPlan): readonly StayingName[] {
  const { channel, sequence } = plan.release.opened.release;
  const wanted = new Map(plan.steps.map(({ target, name }) => [`${target}\n${placeOf(name)}`, name]));
  const staying = new Map<string, { readonly base: StayingName; readonly names: Set<string> }>();
  for (const { data } of ledger.history([IMPORT_ENTRIES.named])) {
    if (data['channel'] !== channel || Number(data['sequence']) <= sequence) continue;
    const [target, place, item] = [String(data['target']), String(data['place']), String(data['item'])];
    const key = `${target}\n${place}`;
    const name = wanted.get(key);
    const own = name === undefined ? undefined : wantedState(name);
    const names = Object.keys(data['left'] ?? {}).filter((one) => own === undefined || !(one in own));
    if (names.length === 0) continue;
    const entry = staying.get(key) ?? { base: { target, place, item }, names: new Set() };
    if (own !== undefined) for (const one of names) entry.names.add(one);
    staying.set(key, entry);
  }
  return [...staying.values()].map(({ base, names }) =>
    names.size === 0 ? base : { ...base, names: [...names].sort() },
  );
}
