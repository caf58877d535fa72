import {
  APT_RELEASE_LIMIT,
  type AptChoice,
  type AptFileWish,
  type AptRelease,
  aptSuiteUrl,
  clearsignedText,
  digestOf,
  type FileCheck,
  type FileSigned,
  type FileVerifier,
  GapferryError,
  isGapferryError,
  isSameClearText,
  nameOfSigner,
  parseAptRelease,
  printable,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';

/** What says what a suite is, byte for byte: InRelease, or Release and Release.gpg where there is no InRelease. */
export interface ReleaseBytes {
  readonly name: 'InRelease' | 'Release';
  readonly bytes: Uint8Array;
  /** Release.gpg. */
  readonly signature?: Uint8Array;
}

export interface SuiteRelease extends ReleaseBytes {
  readonly release: AptRelease;
  readonly checked: readonly FileCheck[];
}

const SIGNATURE_LIMIT = 1_048_576;

/** Asks upstream. Throws `SOURCE_NOT_FOUND` where there is neither, and what asking throws. */
export async function askRelease(
  http: HttpClient,
  { apt, as }: AptFileWish,
  run: Run,
): Promise<ReleaseBytes> {
  const ask = async (name: string, maxBytes = APT_RELEASE_LIMIT): Promise<Uint8Array | undefined> => {
    try {
      const url = `${aptSuiteUrl(apt)}/${name}`;
      return (await http.request({ url, item: `${name} of ${as}`, maxBytes }, run)).body;
    } catch (error) {
      if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return undefined;
      throw error;
    }
  };
  const whole = await ask('InRelease');
  if (whole !== undefined) return { name: 'InRelease', bytes: whole };
  const bytes = await ask('Release');
  if (bytes === undefined)
    throw new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      message: `${aptSuiteUrl(apt)} has neither InRelease nor Release`,
      hint: 'check "from" and "suite": in a line of sources.list they are the address and the word behind it',
      origin: 'source',
      data: { item: as },
    });
  const signature = await ask('Release.gpg', SIGNATURE_LIMIT);
  return { name: 'Release', bytes, ...(signature && { signature }) };
}

/** Checks who signed, and that it is the suite that was asked for. Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `KEY_UNUSABLE`, `CONTENT_INVALID`, `LIMIT_EXCEEDED`. */
export async function checkRelease(
  found: ReleaseBytes,
  { apt, as }: AptFileWish,
  verifiers: ReadonlyMap<string, FileVerifier>,
  run: Run,
): Promise<SuiteRelease> {
  const what = `${found.name} of ${as}`;
  const release = parseAptRelease(found.bytes, what);
  requireSuite(release, apt, what);
  if (apt.keyring === undefined) return { ...found, release, checked: ['checksums'] };
  const verifier = verifiers.get(nameOfSigner({ keyring: apt.keyring }));
  if (verifier === undefined)
    throw new GapferryError({ code: 'INTERNAL', message: `the keyring of ${what} was not read` });
  const signed = await signerOf(found, verifier, what, run);
  return { ...found, release, checked: ['checksums', { ...signed, of: 'checksums' }] };
}

async function signerOf(
  { name, bytes, signature }: ReleaseBytes,
  verifier: FileVerifier,
  what: string,
  run: Run,
): Promise<FileSigned> {
  try {
    if (name === 'InRelease') return await textSigner(bytes, verifier, what);
    if (signature !== undefined) {
      const open = async function* () {
        yield bytes;
      };
      return await verifier.verify({ size: bytes.byteLength, open }, signature, run);
    }
  } catch (error) {
    if (!isGapferryError(error) || error.code === 'INTERRUPTED') throw error;
    throw new GapferryError({
      code: error.code,
      message: printable(error.message.startsWith(what) ? error.message : `${what} ${error.message}`),
      hint: error.hint ?? 'check that the keyring is the right one; otherwise do not use this repository',
      origin: error.origin ?? 'source',
      data: { ...error.data, item: what },
      cause: error,
    });
  }
  throw new GapferryError({
    code: 'SIGNATURE_MISSING',
    message: `${what} is not signed: there is neither InRelease nor Release.gpg`,
    hint: 'ask whoever runs the repository; for one of your own that nobody signs say "unsigned: true" in the place of "keyring"',
    origin: 'source',
    data: { item: what },
  });
}

/** What is signed must be what is read. */
async function textSigner(bytes: Uint8Array, verifier: FileVerifier, what: string): Promise<FileSigned> {
  const verified = await verifier.verifyText?.(bytes);
  if (verified === undefined)
    throw new GapferryError({ code: 'INTERNAL', message: 'only a keyring checks a signed text' });
  const read = clearsignedText(Buffer.from(bytes).toString('utf8'), what);
  if (isSameClearText(verified.text, read)) return verified.signed;
  throw new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: 'has a signature over another text than stands in it',
  });
}

/** Whoever signs several suites with one key must not be able to be played off against himself: an old suite is no new one. */
function requireSuite({ suite, codename }: AptRelease, apt: AptChoice, what: string): void {
  const names = [suite, codename].filter((name) => name !== undefined);
  // `stretch/updates` called itself stretch.
  const asked = [apt.suite, apt.suite.split('/')[0]];
  if (names.length === 0 || names.some((name) => asked.includes(name))) return;
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    message: printable(`${what} is of the suite ${names.join(', ')}, and ${apt.suite} was asked for`),
    hint: 'write the suite as the repository calls itself; otherwise the mirror has another one there',
    origin: 'source',
    data: { asked: apt.suite, found: names },
  });
}

export function sizedOf(bytes: Uint8Array): SizedDigest {
  return { digest: digestOf(bytes), size: bytes.byteLength };
}
