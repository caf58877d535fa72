import {
  type BlobStore,
  type ChartPin,
  checkRun,
  GapferryError,
  type Holding,
  type ImagePin,
  type Run,
} from '@gapferry/core';
import { type AssembledRelease, assembleRelease } from './assemble-release.ts';
import { countingStore } from './counting-store.ts';
import { dateContent } from './date-content.ts';
import type { Discovery, LookFetcher } from './discovery.ts';
import { type ItemFetcher, itemFetcher } from './fetch-item.ts';
import { fetchPins } from './fetch-pins.ts';
import type { ReleaseRecord } from './last-release.ts';
import { lockFor } from './lock-for.ts';
import { numberRelease } from './number-release.ts';
import { releaseVersion } from './release-version.ts';
import type { Collected, CollectRequest } from './request.ts';
import { requireClosure } from './require-closure.ts';
import { requireComplete } from './require-complete.ts';
import { requireExpiry, sealRelease, unchangedRelease } from './seal-release.ts';

/** The outside half: resolve and look into charts and repositories (unless locked) → fetch → assemble → seal.
 *
 *  Can be run again at any time and continues where it stopped: what is in the depot is not fetched again, and a release that was written but not recorded, because
 *  the process died in between, is recorded now when it is exactly the one the ledger announced.
 *  Nothing is sealed when the channel's newest release has the same manifest (a version that nobody chose does not count); another `expiresAt` than that release's is a reason to seal.
 *  What cannot work is refused before anything is fetched (but charts that are looked into): numbering, version, expiry, a lock that does not fit. The caller holds the depot's lock.
 *
 *  Throws what the sources throw, with the item named; `LOCK_STALE`, `FIRST_RELEASE_UNCLEAR`, `USAGE`, `MANIFEST_INVALID`, `LIMIT_EXCEEDED`, `BLOB_MISSING` (a source did not
 *  bring what it said), `RELEASE_INCOMPLETE`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN` (upstream's signatures do not meet a wish), `LEDGER_UNWRITABLE`, `STORAGE_FAILED` (the depot's releases and its ledger do not agree). */
export async function collect(request: CollectRequest, run: Run): Promise<Collected> {
  requireExpiry(request);
  const numbered = await numberRelease(request, run);
  const store = countingStore(request.depot);
  const fetcher = itemFetcher({ ...request, store, last: numbered.last });
  const { lock, discovered, leads } = await lockFor(
    { ...request, ...lookingInto(request, fetcher, store) },
    run,
  );
  const version = releaseVersion(request.version, request.config, lock);
  const fetched = await fetchPins({ ...request, lock, fetcher }, run);
  const holdings = await dateContent({ ...request, holdings: fetched.holdings, store }, run);
  const assembleAs = (name: string): Promise<AssembledRelease> =>
    assembleRelease({ ...request, version: name, store, holdings, sequence: numbered.address.sequence }, run);
  const assembled = await assembleAs(version);
  requireClosure(assembled.manifest, lock, discovered, leads);
  await requireComplete(assembled, store, run);
  checkRun(run);
  const comparable = comparableVersion(request, numbered.last, version);
  const compared = comparable === version ? assembled : await assembleAs(comparable);
  const unchanged = await unchangedRelease(request, compared, numbered.last, run);
  const release = unchanged ?? (await sealRelease(request, assembled, numbered, run));
  const kind = unchanged === undefined ? 'sealed' : 'unchanged';
  const totals = store.totalsOf(release);
  const found = { ...(discovered && { discovered }), ...(leads && { leads }) };
  return { kind, ...release, lock, ...found, items: fetched.items, totals };
}

/** Charts and artifacts are looked into where they lie in the depot, and are not fetched again. */
function lookingInto(
  { discovery }: CollectRequest,
  items: ItemFetcher,
  store: BlobStore,
): { discovery?: Discovery; fetcher?: LookFetcher } {
  if (discovery === undefined) return {};
  const fetch = async (pin: ChartPin | ImagePin, run: Run): Promise<Holding> =>
    (await items.fetch(pin, run)).holding;
  const fetcher: LookFetcher = {
    chart: async (pin, run) => {
      const holding = await fetch(pin, run);
      return holding.kind === 'chart' ? holding : wrongKind(holding);
    },
    image: async (pin, run) => {
      const holding = await fetch(pin, run);
      return holding.kind === 'image' ? holding : wrongKind(holding);
    },
  };
  return { discovery: { ...discovery, store }, fetcher };
}

function wrongKind({ kind, pin }: Holding): never {
  throw new GapferryError({ code: 'INTERNAL', message: `the source brought a ${kind} for ${pin.id}` });
}

/** A version that nobody chose is no reason to seal: the content is then held against the newest release under that release's own version. */
function comparableVersion(
  { version, config }: CollectRequest,
  last: ReleaseRecord | undefined,
  derived: string,
): string {
  const chosen = version !== undefined || config.version !== undefined;
  return chosen || last === undefined ? derived : last.version;
}
