/** Who may have signed the provenance of a chart; whoever wires the source brings what reads OpenPGP. */
export interface ProvenanceSigners {
  /** What is signed, as the signature covers it, and the fingerprint of the primary key that signed it, in lower-case hex digits.
   *  Throws `KEY_UNUSABLE`, `KEY_UNKNOWN` and `SIGNATURE_INVALID`; messages go on after what is signed: "is signed by …". */
  verifyText(message: Uint8Array): Promise<{ readonly text: string; readonly fingerprint: string }>;
}
