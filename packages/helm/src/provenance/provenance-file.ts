/** Bytes of a provenance file that are read at most. */
export const PROVENANCE_LIMIT = 1_048_576;

/** Does it begin as Helm's .prov files do, with OpenPGP's cleartext signature framework (RFC 9580, section 7)? */
export function isProvenance(content: Uint8Array): boolean {
  return Buffer.from(content.subarray(0, 64))
    .toString('latin1')
    .startsWith('-----BEGIN PGP SIGNED MESSAGE-----');
}
