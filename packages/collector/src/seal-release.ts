import {
  encodeStatement,
  itemNames,
  PAYLOAD_TYPE,
  parseStatement,
  type ReleasePredicate,
  releaseBlobs,
  statementDigest,
} from '@gapferry/bundle';
import { checkRun, digestOf, formatTime, GapferryError, type ReleaseFiles, type Run } from '@gapferry/core';
import type { AssembledRelease } from './assemble-release.ts';
import { type ReleaseRecord, SEALED, SEALING, toLedgerData } from './last-release.ts';
import type { NumberedRelease } from './number-release.ts';
import { payloadOf } from './payload-of.ts';
import { recordedRelease } from './recorded-release.ts';
import type { Collected, CollectRequest } from './request.ts';

type Sealed = Omit<Collected, 'kind' | 'lock' | 'items' | 'totals'>;

/** Throws `USAGE` for a release that would be over before it began. */
export function requireExpiry({ expiresAt, clock }: Pick<CollectRequest, 'expiresAt' | 'clock'>): void {
  if (expiresAt === undefined || expiresAt.getTime() >= clock.now().getTime() + 1000) return;
  throw new GapferryError({
    code: 'USAGE',
    message: `the release would end at ${formatTime(expiresAt)}, and now is ${formatTime(clock.now())}`,
    hint: 'choose an end in the future',
  });
}

/** The channel's newest release when it says the same already and everything of it is here; otherwise undefined. Throws `STORAGE_FAILED` when it is not the one the ledger recorded. */
export async function unchangedRelease(
  { depot, expiresAt }: Pick<CollectRequest, 'depot' | 'expiresAt'>,
  assembled: AssembledRelease,
  last: ReleaseRecord | undefined,
  run: Run,
): Promise<Sealed | undefined> {
  const { manifest, manifestBytes } = assembled;
  const manifestDigest = digestOf(manifestBytes);
  if (last === undefined || last.manifest !== manifestDigest) return undefined;
  const recorded = await recordedRelease(last, depot);
  if (recorded === undefined) return undefined;
  const { predicate, packs } = recorded;
  if (expiresAt !== undefined && predicate.expiresAt !== formatTime(expiresAt)) return undefined;
  // Packed anew, because packs of the sealed release are lost: that release cannot be sent any more.
  for (const blob of releaseBlobs(manifest, packs)) if (!(await depot.has(blob, run))) return undefined;
  await depot.nameItems(itemNames(manifest), run);
  const address = { channel: last.channel, sequence: last.sequence };
  return { address, release: predicate, statement: last.statement, manifest, manifestDigest, packs };
}

/** Signs the statement, announces the release in the ledger, writes it, and records that it is done: at every moment in which a process can die, the next collect knows what happened.
 *  Throws `LEDGER_UNWRITABLE` before anything is written, `LIMIT_EXCEEDED` for a statement the inside would not read. */
export async function sealRelease(
  request: CollectRequest,
  assembled: AssembledRelease,
  numbered: NumberedRelease,
  run: Run,
): Promise<Sealed> {
  run.emit({ kind: 'stage', stage: 'seal' });
  const { depot, ledger, signer } = request;
  const { manifest, manifestBytes, packs, packsBytes } = assembled;
  const { address } = numbered;
  const release = predicateOf(request, assembled, numbered);
  const payload = encodeStatement(release, manifestBytes, packsBytes);
  parseStatement(payload);
  const envelope = await signer.sign({ type: PAYLOAD_TYPE, bytes: payload }, run);
  requireSigned(envelope, payload);
  await depot.nameItems(itemNames(manifest), run);
  checkRun(run);
  const record = recordOf(release, payload, manifestBytes);
  ledger.append(SEALING, {
    ...toLedgerData(record),
    envelope: digestOf(envelope),
    packs: packsBytes === undefined ? null : digestOf(packsBytes),
  });
  await depot.writeRelease(address, releaseFiles(assembled, envelope), run);
  ledger.append(SEALED, toLedgerData(record));
  return { address, release, statement: record.statement, manifest, manifestDigest: record.manifest, packs };
}

function predicateOf(
  { config, clock, expiresAt }: CollectRequest,
  { manifest }: AssembledRelease,
  { address, previous }: NumberedRelease,
): ReleasePredicate {
  return {
    bundle: config.name,
    version: manifest.version,
    channel: address.channel,
    sequence: address.sequence,
    previous,
    issuedAt: formatTime(clock.now()),
    ...(expiresAt !== undefined && { expiresAt: formatTime(expiresAt) }),
  };
}

function recordOf(release: ReleasePredicate, payload: Uint8Array, manifest: Uint8Array): ReleaseRecord {
  const { channel, sequence, version, bundle } = release;
  return {
    channel,
    sequence,
    version,
    bundle,
    statement: statementDigest(payload),
    manifest: digestOf(manifest),
  };
}

function releaseFiles({ manifestBytes, packsBytes }: AssembledRelease, statement: Uint8Array): ReleaseFiles {
  return {
    manifest: manifestBytes,
    ...(packsBytes !== undefined && { packs: packsBytes }),
    statement,
    signatures: new Map(),
    approvals: new Map(),
  };
}

/** A signer that is a command or a service may answer anything. */
function requireSigned(envelope: Uint8Array, payload: Uint8Array): void {
  if (Buffer.compare(payloadOf(envelope), payload) === 0) return;
  throw new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: 'the signer signed something else than the release statement',
    hint: 'nothing was sealed; check the signer',
    origin: 'site',
  });
}
