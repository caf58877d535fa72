import { GapferryError, type GitObject } from '@gapferry/core';

/** What a tag or commit says is signed, and by what. */
export interface SignedPayload {
  /** The bytes that the signature is over. */
  readonly payload: Uint8Array;
  /** Armored, with its first and last line, as latin1. */
  readonly signature: string;
  /** When the tagger or committer says that it was made, seconds since 1970; absent where nobody is named. */
  readonly seconds?: number;
}

const SIGNATURE_LINE = /^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SIGNED MESSAGE|SSH SIGNATURE)-----/;
const HEADERS = { 40: 'gpgsig', 64: 'gpgsig-sha256' } as const;

/** Splits a tag or commit into payload and signature as git does (gpg-interface.c, `parse_signature`; commit.c, `parse_signed_commit`): a commit's signature is the header `gpgsig` of its object format
 *  (`gpgsig-sha256` in sha256 repositories), the other format's is not part of what is signed; a tag's is what stands behind its message. Of nested tags only the outer one's own counts.
 *  Undefined for one without a signature. Throws `SIGNATURE_INVALID` where git's readers could see another content than what is signed: a NUL, a header that stands there twice, headers out of their order. */
export function splitSignature({ oid, type, content }: GitObject): SignedPayload | undefined {
  const text = Buffer.from(content).toString('latin1');
  if (text.includes('\0')) throw bad('has a NUL in it, behind which git shows nothing');
  const lines = text.split(/(?<=\n)/);
  const head = headersOf(lines);
  requireOrder(head, type);
  const found = type === 'tag' ? splitTag(text, head) : splitCommit(text, head, oid);
  if (found === undefined) return undefined;
  const seconds = secondsOf(head, type === 'tag' ? 'tagger' : 'committer');
  return { ...found, ...(seconds !== undefined && { seconds }) };
}

/** One header with its further lines, which begin with a space. */
interface Header {
  readonly name: string;
  readonly text: string;
}

/** Up to the first empty line. */
function headersOf(lines: readonly string[]): readonly Header[] {
  const headers: { name: string; text: string }[] = [];
  for (const line of lines) {
    if (line === '\n') return headers;
    const last = headers.at(-1);
    if (line.startsWith(' ')) {
      if (last === undefined) throw bad('begins with a line that belongs to nothing');
      last.text += line;
    } else headers.push({ name: line.slice(0, nameEnd(line)), text: line });
  }
  return headers;
}

function nameEnd(line: string): number {
  const space = line.indexOf(' ');
  return space < 0 ? line.trimEnd().length : space;
}

/** What git itself writes, in its order: nothing may stand there twice that is read once. */
const ORDER = {
  commit: ['tree', 'parent', 'author', 'committer'],
  tag: ['object', 'type', 'tag', 'tagger'],
} as const;

function requireOrder(headers: readonly Header[], type: GitObject['type']): void {
  const known: readonly string[] = ORDER[type];
  const places = headers.map(({ name }) => known.indexOf(name));
  const first = places.findIndex((place) => place < 0);
  const own = first < 0 ? places : places.slice(0, first);
  if (own.length < places.filter((place) => place >= 0).length)
    throw bad('has its own headers behind others');
  own.forEach((place, i) => {
    const before = own[i - 1] ?? -1;
    const repeats = place === before && known[place] === 'parent';
    if (place <= before && !repeats) throw bad(`has the header "${known[place]}" twice, or out of its order`);
  });
  for (const name of Object.values(HEADERS))
    if (headers.filter((header) => header.name === name).length > 1)
      throw bad(`has two signatures (${name})`);
}

function splitCommit(
  text: string,
  headers: readonly Header[],
  oid: string,
): Omit<SignedPayload, 'seconds'> | undefined {
  const own = HEADERS[oid.length === 64 ? 64 : 40];
  const signed = headers.find(({ name }) => name === own);
  if (signed === undefined) return undefined;
  const signature = signed.text.slice(own.length + 1).replaceAll('\n ', '\n');
  return { payload: withoutSignatures(text, headers), signature };
}

/** The last line that begins a signature: one that stands in the message is part of what is signed. */
function splitTag(text: string, headers: readonly Header[]): Omit<SignedPayload, 'seconds'> | undefined {
  let match = -1;
  for (let at = 0; at >= 0 && at < text.length; at = text.indexOf('\n', at) + 1 || -1)
    if (SIGNATURE_LINE.test(text.slice(at, at + 60))) match = at;
  if (match < 0) return undefined;
  const body = headers.reduce((sum, header) => sum + header.text.length, 0);
  if (match <= body) throw bad('has its signature where headers belong');
  return { payload: withoutSignatures(text.slice(0, match), headers), signature: text.slice(match) };
}

/** Signatures are not over each other. */
function withoutSignatures(text: string, headers: readonly Header[]): Uint8Array {
  const all = headers.reduce((sum, header) => sum + header.text.length, 0);
  const kept = headers.filter(({ name }) => name !== 'gpgsig' && name !== 'gpgsig-sha256');
  return Buffer.from(kept.map((header) => header.text).join('') + text.slice(all), 'latin1');
}

/** `tagger Ada <ada@example.org> 1717243200 +0200`. */
function secondsOf(headers: readonly Header[], name: string): number | undefined {
  const [line] = headers.filter((header) => header.name === name);
  const [, digits] = /> (\d{1,12}) [+-]\d{4}\n$/.exec(line?.text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function bad(why: string): GapferryError {
  return new GapferryError({ code: 'SIGNATURE_INVALID', message: why });
}
