import { type FileCheck, type FileSignatureCheck, shortDigest } from '@gapferry/core';

/** What a file was held against outside, in a few words. */
export function fileCheckText(check: FileCheck): string {
  switch (check) {
    case 'given-sha256':
      return 'sha256 given';
    case 'given-sha512':
      return 'sha512 given';
    case 'checksums':
      return 'in a list of checksums';
    case 'first-seen':
      return 'as first seen';
    case 'clamav':
      return 'signed by the makers of ClamAV';
    default:
      if ('at' in check) return `${fileCheckText(check.by)}, at the mirror ${check.at} alone`;
      return `${check.of === undefined ? 'signed' : 'checksums signed'} by ${keyText(check)}`;
  }
}

function keyText(check: FileSignatureCheck): string {
  switch (check.by) {
    case 'cosign-key':
      return `key ${shortDigest(check.key)}…`;
    case 'openpgp':
      return `OpenPGP key ${check.fingerprint}`;
    case 'minisign':
      return `minisign key ${check.key}`;
  }
}
