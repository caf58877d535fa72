import { parseManifest, parsePacks, releaseBlobs } from '@gapferry/bundle';
import {
  isGapferryError,
  printable,
  type ReleaseAddress,
  type ReleaseReader,
  totalSize,
} from '@gapferry/core';

/** What a release says of itself, unverified; `trouble` when it cannot be read. */
export interface ReleaseSummary {
  readonly address: ReleaseAddress;
  readonly version: string;
  readonly items: number;
  readonly bytes: number;
  readonly trouble?: string;
}

/** For listings: one unreadable release must not hide the others. */
export async function summarizeRelease(
  reader: ReleaseReader,
  address: ReleaseAddress,
): Promise<ReleaseSummary> {
  try {
    const files = await reader.readRelease(address);
    const manifest = parseManifest(files.manifest);
    const packs = files.packs === undefined ? undefined : parsePacks(files.packs, manifest);
    return {
      address,
      version: manifest.version,
      items: manifest.items.length,
      bytes: totalSize(releaseBlobs(manifest, packs)),
    };
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    return { address, version: '', items: 0, bytes: 0, trouble: printable(error.message) };
  }
}
