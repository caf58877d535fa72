import { type Digest, digestOf, GapferryError, isGapferryError, parseJson } from '@gapferry/core';
import { readBounded } from './read-bounded.ts';

/** Bytes of a signature file. */
const MOST = 1_048_576;

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
  const bundle = await readBounded(file, what, MOST);
  const payload = payloadOf(bundle, file);
  if (payload === undefined)
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: `${file} is no signed statement`,
      hint: 'name a .sigstore.json file that "gapferry trust override" wrote',
      origin: 'site',
    });
  return { file, bundle, payload, statement: digestOf(payload) };
}

/** What is signed in a Sigstore bundle of at most 1 MiB, whoever signed it; undefined where nothing is, or it is no JSON. `what`: for messages. Throws `LIMIT_EXCEEDED`. */
function payloadOf(bundle: Uint8Array, what: string): Uint8Array | undefined {
  const value = jsonOf(bundle, what);
  const text = (value as { dsseEnvelope?: { payload?: unknown } } | null | undefined)?.dsseEnvelope?.payload;
  return typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
}

function jsonOf(bytes: Uint8Array, what: string): unknown {
  try {
    return parseJson(bytes, what, { maxBytes: MOST, maxDepth: 20 });
  } catch (error) {
    if (isGapferryError(error, 'JSON_INVALID')) return undefined;
    throw error;
  }
}
