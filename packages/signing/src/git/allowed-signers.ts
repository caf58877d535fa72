import { GapferryError, type KeyFile, printable } from '@gapferry/core';
import { matchesPatternList } from './match-pattern-list.ts';
import { type SignerOptions, splitSignerLine } from './signer-line.ts';
import { readSshPublicKey } from './ssh-public-key.ts';

/** One line of a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS). */
export interface AllowedSigner extends SignerOptions {
  /** Pattern list as written. */
  readonly principals: string;
  readonly keyBlob: Uint8Array;
}

const MAX_BYTES = 1_048_576;
const MAX_LINES = 10_000;

/** Reads a file of allowed signers as a whole: a line that cannot be used is refused and not passed over, so that nobody believes a key to count that does not.
 *  Times without `Z` are UTC, so that both sides of the gap read the same. Throws `KEY_UNUSABLE` with the line. */
export function readAllowedSigners({ name, content }: KeyFile): readonly AllowedSigner[] {
  const lines = linesOf(name, content);
  const signers = lines.flatMap((line, i) => {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) return [];
    try {
      return [readLine(text)];
    } catch (error) {
      throw unusable(`${name}:${i + 1}`, error instanceof Error ? error.message : String(error));
    }
  });
  if (signers.length === 0) throw unusable(name, 'it names no key');
  return signers;
}

/** The first of the principals that stand for a key in a file, where the line counts for Git at the time. `undefined` where no line has the key; otherwise why none of them counts. */
export function principalOf(
  signers: readonly AllowedSigner[],
  keyBlob: Uint8Array,
  seconds: number,
): { readonly principal: string } | { readonly why: string } | undefined {
  const own = signers.filter((signer) => Buffer.from(signer.keyBlob).equals(keyBlob));
  let why: string | undefined;
  for (const signer of own) {
    const refusal = refusalOf(signer, seconds);
    const principal = firstPrincipal(signer.principals);
    if (refusal === undefined && principal !== undefined) return { principal };
    why ??= refusal ?? 'no principal counts: the list rules itself out';
  }
  return why === undefined ? undefined : { why };
}

function refusalOf(
  { namespaces, validAfter, validBefore }: AllowedSigner,
  seconds: number,
): string | undefined {
  if (namespaces !== undefined && !matchesPatternList('git', namespaces))
    return `it may sign for "${printable(namespaces)}", not for Git`;
  if (validAfter !== undefined && seconds < validAfter) return `it counts from ${timeOf(validAfter)} only`;
  if (validBefore !== undefined && seconds > validBefore)
    return `it counts until ${timeOf(validBefore)} only`;
  return undefined;
}

function firstPrincipal(principals: string): string | undefined {
  return principals
    .split(',')
    .find((principal) => !principal.startsWith('!') && matchesPatternList(principal, principals));
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function linesOf(name: string, content: Uint8Array): string[] {
  if (content.byteLength > MAX_BYTES) throw unusable(name, `it has more than ${MAX_BYTES} bytes`);
  const lines = decoded(name, content).split('\n');
  if (lines.length > MAX_LINES) throw unusable(name, `it has more than ${MAX_LINES} lines`);
  return lines;
}

function decoded(name: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw unusable(name, 'it is not UTF-8');
  }
}

function readLine(text: string): AllowedSigner {
  const { principals, options, type, base64 } = splitSignerLine(text);
  if (options.certAuthority)
    throw new Error('cert-authority: SSH certificates are not taken; name the keys themselves');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new Error('the key is not base64');
  const keyBlob = Buffer.from(base64, 'base64');
  const key = readKey(keyBlob);
  if (key.type !== type)
    throw new Error(`the key says that it is ${printable(key.type)}, the line ${printable(type)}`);
  return { principals, keyBlob, ...options };
}

function readKey(blob: Uint8Array): ReturnType<typeof readSshPublicKey> {
  try {
    return readSshPublicKey(blob);
  } catch (error) {
    throw new Error(`the key ${error instanceof Error ? error.message : error}`);
  }
}

function unusable(place: string, why: string): GapferryError {
  return new GapferryError({
    code: 'KEY_UNUSABLE',
    message: printable(`the allowed signers ${place} cannot be used: ${why}`),
    hint: 'each line is: principals [options] key type, key in base64; ssh-keygen(1) says more under ALLOWED SIGNERS',
  });
}
