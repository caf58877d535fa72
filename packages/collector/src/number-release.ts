import { nextRelease } from '@gapferry/bundle';
import {
  type Digest,
  digestOf,
  formatReleaseAddress,
  GapferryError,
  type Ledger,
  type ReleaseAddress,
  type ReleaseFiles,
  type ReleaseReader,
  type Run,
} from '@gapferry/core';
import {
  channelHistory,
  type ReleaseIntent,
  type ReleaseRecord,
  SEALED,
  toLedgerData,
} from './last-release.ts';
import type { CollectBasis } from './request.ts';

/** The number and the predecessor that the next release gets. */
export interface NumberedRelease {
  readonly address: ReleaseAddress;
  readonly previous: Digest | null;
  /** The channel's newest release in this depot. */
  readonly last: ReleaseRecord | undefined;
}

type NumberingRequest = Pick<CollectBasis, 'config' | 'depot' | 'ledger' | 'numbering'>;

/** Numbers the next release, after a release that was written but not recorded has been recorded.
 *  Throws `FIRST_RELEASE_UNCLEAR`, and `STORAGE_FAILED` when the depot has a release that its ledger does not know. */
export async function numberRelease(request: NumberingRequest, run: Run): Promise<NumberedRelease> {
  const adopted = await unrecordedRelease(request);
  if (adopted === undefined) return foreseeNumber(request);
  request.ledger.append(SEALED, toLedgerData(adopted));
  run.emit({
    kind: 'warning',
    message: `release ${adopted.channel}/${adopted.sequence} was written by a collect that did not come to its end; it is whole, and is recorded now`,
  });
  // The release that "--first" or "--after" was meant for is there: the number asked for has been given.
  return foreseeNumber({ ...request, numbering: { kind: 'continue' } });
}

/** The same without writing anything, for a preview. */
export async function previewNumber(request: NumberingRequest): Promise<NumberedRelease> {
  const adopted = await unrecordedRelease(request);
  if (adopted === undefined) return foreseeNumber(request);
  const { channel, sequence, statement } = adopted;
  return { address: { channel, sequence: sequence + 1 }, previous: statement, last: adopted };
}

async function foreseeNumber({
  config,
  depot,
  ledger,
  numbering,
}: NumberingRequest): Promise<NumberedRelease> {
  const { channel } = config;
  const { last } = channelHistory(ledger, channel);
  const { sequence, previous } = nextRelease(channel, last, numbering);
  await requireFree(channel, sequence, depot);
  return { address: { channel, sequence }, previous, last };
}

/** A process that died between writing a release and recording it left both the announcement and the release. */
async function unrecordedRelease({
  config,
  depot,
  ledger,
}: {
  readonly config: { readonly channel: string };
  readonly depot: ReleaseReader;
  readonly ledger: Ledger;
}): Promise<ReleaseRecord | undefined> {
  const { open } = channelHistory(ledger, config.channel);
  if (open === undefined) return undefined;
  const there = (await depot.listReleases()).some(
    (address) => address.channel === open.channel && address.sequence === open.sequence,
  );
  if (!there) return undefined;
  requireAnnounced(open, await depot.readRelease({ channel: open.channel, sequence: open.sequence }));
  return open;
}

function requireAnnounced(intent: ReleaseIntent, files: ReleaseFiles): void {
  const differing = [
    ...(digestOf(files.manifest) === intent.manifest ? [] : ['manifest.json']),
    ...((files.packs === undefined ? null : digestOf(files.packs)) === intent.packs ? [] : ['packs.json']),
    ...(digestOf(files.statement) === intent.envelope ? [] : ['release.sigstore.json']),
  ];
  if (differing.length === 0) return;
  throw new GapferryError({
    code: 'STORAGE_FAILED',
    message: `release ${formatReleaseAddress(intent)} in this depot is not the one that the ledger announced: ${differing.join(', ')} differ`,
    hint: 'somebody else wrote it or changed it; move its directory away, find out where it came from, and run collect again',
    origin: 'depot',
    data: { channel: intent.channel, sequence: intent.sequence, differing },
  });
}

/** A number that stands in the depot already, unknown to the ledger, may have been given away: another release with it would be a fork. */
async function requireFree(channel: string, sequence: number, depot: ReleaseReader): Promise<void> {
  const taken = (await depot.listReleases()).filter(
    (address) => address.channel === channel && address.sequence >= sequence,
  );
  const newest = taken.at(-1);
  if (newest === undefined) return;
  throw new GapferryError({
    code: 'STORAGE_FAILED',
    message: `the next release of channel ${channel} would be number ${sequence}, but this depot holds ${formatReleaseAddress(newest)}, which its ledger did not seal`,
    hint: `bring back the depot's own ledger; where it is lost, or the release came from elsewhere, say --after ${formatReleaseAddress(newest)}`,
    origin: 'depot',
    data: { channel, sequence, newest: newest.sequence },
  });
}
