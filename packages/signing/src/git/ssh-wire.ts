/** Reads the data types of SSH (RFC 4251, section 5) from untrusted bytes: nothing is copied, and a length that the bytes do not have is an error. Throws `Error` in words that go on after what is read. */
export interface SshReader {
  byte(): number;
  uint32(): number;
  string(): Uint8Array;
  text(): string;
  /** A number that is not negative, big-endian, without leading zeros. */
  mpint(): Uint8Array;
  /** Throws where something is left. */
  end(): void;
}

export function sshReader(bytes: Uint8Array): SshReader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number): Buffer => {
    if (length > view.byteLength - at) throw new Error('ends too early');
    at += length;
    return view.subarray(at - length, at);
  };
  const string = (): Buffer => take(take(4).readUInt32BE());
  return {
    byte: () => take(1).readUInt8(),
    uint32: () => take(4).readUInt32BE(),
    string,
    text: () => string().toString('latin1'),
    mpint: () => {
      const number = string();
      if ((number[0] ?? 0) >= 0x80) throw new Error('has a negative number');
      const first = number.findIndex((byte) => byte !== 0);
      return first < 0 ? new Uint8Array(0) : number.subarray(first);
    },
    end: () => {
      if (at < view.byteLength) throw new Error('has more than it should');
    },
  };
}

/** A string of RFC 4251: its length, and its bytes. */
export function sshString(content: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.byteLength);
  return Buffer.concat([length, bytes]);
}
