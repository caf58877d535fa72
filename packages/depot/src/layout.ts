import { join } from 'node:path';
import {
  type Digest,
  formatReleaseAddress,
  GapferryError,
  hexOf,
  parseDigest,
  type ReleaseAddress,
} from '@gapferry/core';

/** Content of `oci-layout` (OCI image-spec, image-layout.md). */
export const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** Directories of a depot, parents first. Everything below them is written by gapferry; everything else in the depot's directory is foreign and stays untouched. */
export const DEPOT_DIRECTORIES = ['blobs', 'blobs/sha256', 'releases', 'tmp'] as const;

export function blobsDirectory(depot: string): string {
  return join(depot, 'blobs', 'sha256');
}

export function blobPath(depot: string, digest: Digest): string {
  return join(blobsDirectory(depot), hexOf(parseDigest(digest)));
}

/** The beginning of a blob whose trip is not over. */
export function partPath(depot: string, digest: Digest): string {
  return join(depot, 'tmp', `${hexOf(parseDigest(digest))}.part`);
}

export function channelPath(depot: string, channel: string): string {
  return join(depot, 'releases', channel);
}

export function releasePath(depot: string, address: ReleaseAddress): string {
  return join(channelPath(depot, address.channel), String(address.sequence));
}

const CHANNEL = /^[a-z0-9][a-z0-9._-]{0,62}$/;

export function isChannelName(name: string): boolean {
  return CHANNEL.test(name);
}

/** The number a directory name stands for, or undefined: decimal, from 1 to 2^53 − 1, without leading zero. */
export function parseSequenceName(name: string): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(name)) return undefined;
  const sequence = Number(name);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}

/** Throws `NAME_UNSAFE` unless the address can be a directory on every file system. */
export function requireAddress(address: ReleaseAddress): void {
  if (isChannelName(address.channel) && Number.isSafeInteger(address.sequence) && address.sequence >= 1)
    return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: `"${formatReleaseAddress(address).slice(0, 200)}" cannot name a release`,
    hint: 'a channel is 1 to 63 of a-z 0-9 . _ - and begins with a letter or digit; a sequence is a whole number from 1',
  });
}
