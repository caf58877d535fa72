import {
  type Manifest,
  type Packs,
  parseManifest,
  parsePacks,
  parseStatement,
  type ReleasePredicate,
  type ReleaseStatement,
  statementDigest,
} from '@gapferry/bundle';
import {
  digestOf,
  formatReleaseAddress,
  GapferryError,
  hexOf,
  isGapferryError,
  type ReleaseFiles,
  type ReleaseReader,
} from '@gapferry/core';
import type { ReleaseRecord } from './last-release.ts';
import { payloadOf } from './payload-of.ts';

/** A release of this depot whose files are the ones that the ledger recorded. */
export interface RecordedRelease {
  readonly predicate: ReleasePredicate;
  readonly manifest: Manifest;
  readonly packs: Packs | undefined;
}

/** Reads a release that was sealed here; undefined when the depot has it no more. Throws `STORAGE_FAILED` when manifest, packs or statement are not the recorded ones. */
export async function recordedRelease(
  record: ReleaseRecord,
  releases: ReleaseReader,
): Promise<RecordedRelease | undefined> {
  const files = await readFiles(record, releases);
  if (files === undefined) return undefined;
  const name = formatReleaseAddress(record);
  const payload = payloadOf(files.statement);
  if (statementDigest(payload) !== record.statement) throw changed(name, 'release.sigstore.json');
  const statement = parseStatement(payload, `the statement of release ${name}`);
  requireSubject(statement, 'manifest.json', files.manifest, name);
  requireSubject(statement, 'packs.json', files.packs, name);
  const manifest = parseManifest(files.manifest, `manifest.json of release ${name}`);
  const packs =
    files.packs === undefined
      ? undefined
      : parsePacks(files.packs, manifest, `packs.json of release ${name}`);
  return { predicate: statement.predicate, manifest, packs };
}

async function readFiles(record: ReleaseRecord, releases: ReleaseReader): Promise<ReleaseFiles | undefined> {
  try {
    return await releases.readRelease({ channel: record.channel, sequence: record.sequence });
  } catch (error) {
    if (isGapferryError(error, 'RELEASE_NOT_FOUND')) return undefined;
    throw error;
  }
}

function requireSubject(
  { subject }: ReleaseStatement,
  file: 'manifest.json' | 'packs.json',
  bytes: Uint8Array | undefined,
  release: string,
): void {
  const sealed = subject.find(({ name }) => name === file)?.digest.sha256;
  if (sealed !== (bytes === undefined ? undefined : hexOf(digestOf(bytes)))) throw changed(release, file);
}

function changed(release: string, file: string): GapferryError {
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `${file} of release ${release} in this depot is not the one that was sealed`,
    hint: 'bring the release back from a medium or a backup, and find out who changed it',
    origin: 'depot',
    data: { release, file },
  });
}
