import { type Digest, digestOf, GapferryError, parseJson } from '@gapferry/core';
import { readNamedBytes } from '../environment.ts';

/** A Sigstore bundle as a file, and what is signed in it. */
export interface SignedFile {
  readonly file: string;
  /** The whole file. */
  readonly bundle: Uint8Array;
  /** Bytes of the statement; nobody has judged its signature yet. */
  readonly payload: Uint8Array;
  /** Digest of the statement. */
  readonly statement: Digest;
}

/** Reads a signature file that the operator named. Throws `USAGE` where there is none, and `STATEMENT_INVALID` for something else. */
export async function readSignedFile(file: string, what: string): Promise<SignedFile> {
  const bundle = await readNamedBytes(file, what);
  const value = parseJson(bundle, file, { maxBytes: 1_048_576, maxDepth: 20 });
  const text = (value as { dsseEnvelope?: { payload?: unknown } } | null)?.dsseEnvelope?.payload;
  if (typeof text !== 'string')
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: `${file} is no signed statement`,
      hint: 'name a .sigstore.json file that "gapferry trust override" wrote',
      origin: 'site',
    });
  const payload = Buffer.from(text, 'base64');
  return { file, bundle, payload, statement: digestOf(payload) };
}
