import type { Bytes } from './blobs.ts';
import { GapferryError } from './errors.ts';

/** Fields of one paragraph of a Debian control file (Debian Policy, section 5.1), by name in lower case. Lines of a folded field are joined by line breaks, without the blanks around them. */
export type Stanza = ReadonlyMap<string, string>;

/** Characters of one line, and of one stanza with all its lines. */
const MAX_LINE = 1_048_576;
const MAX_STANZA = 16_777_216;

/** Reads the paragraphs of a control file one after the other, the fields in `wanted` alone where that is given. There are no comments in indexes. `what`: the file, for messages.
 *  Throws `CONTENT_INVALID` for a line that is none, a field that stands twice, and what is longer than a line or paragraph can be. */
export async function* readStanzas(
  bytes: Bytes,
  what: string,
  wanted?: ReadonlySet<string>,
): AsyncGenerator<Stanza> {
  let stanza = new StanzaReader(what, wanted);
  for await (const line of linesOf(bytes, what)) {
    if (line.trim() !== '') stanza.add(line);
    else if (!stanza.isEmpty) {
      yield stanza.fields;
      stanza = new StanzaReader(what, wanted);
    }
  }
  if (!stanza.isEmpty) yield stanza.fields;
}

/** The only paragraph of a text. Throws the same, and for none or several. */
export function parseStanza(text: string, what: string): Stanza {
  const stanza = new StanzaReader(what);
  const lines = text.trimEnd().split(/\r?\n/);
  for (const line of lines) {
    if (line.trim() === '') throw invalid(what, 'it has more than one paragraph');
    stanza.add(line);
  }
  return stanza.fields;
}

/** Where lines of fields go that nobody wants. */
const UNWANTED: string[] = [];

class StanzaReader {
  isEmpty = true;
  readonly #what: string;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #lines: Map<string, string[]> = new Map();
  #current: string[] | undefined;
  #length = 0;

  constructor(what: string, wanted?: ReadonlySet<string>) {
    this.#what = what;
    this.#wanted = wanted;
  }

  get fields(): Stanza {
    const fields = new Map<string, string>();
    for (const [name, lines] of this.#lines)
      if (lines !== UNWANTED)
        fields.set(name, apart(lines.length === 1 ? (lines[0] ?? '') : lines.join('\n')));
    return fields;
  }

  add(line: string): void {
    this.isEmpty = false;
    this.#length += line.length;
    if (line.length > MAX_LINE || this.#length > MAX_STANZA) throw tooLong(this.#what);
    if (!line.startsWith(' ') && !line.startsWith('\t')) this.#begin(line);
    else if (this.#current === undefined)
      throw invalid(this.#what, 'it begins with a line that goes on with none');
    else if (this.#current !== UNWANTED) this.#current.push(line.trim());
  }

  #begin(line: string): void {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!/^[!"$-,.-9;-~][!-9;-~]*$/.test(name))
      throw invalid(this.#what, `"${line.slice(0, 80)}" is no field`);
    const key = name.toLowerCase();
    if (this.#lines.has(key)) throw invalid(this.#what, `the field ${name} stands twice in a paragraph`);
    const isWanted = this.#wanted === undefined || this.#wanted.has(key);
    this.#current = isWanted ? [line.slice(colon + 1).trim()] : UNWANTED;
    this.#lines.set(key, this.#current);
  }
}

/** A text of its own: a part of another keeps the whole of that in memory. */
function apart(text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString();
}

async function* linesOf(bytes: Bytes, what: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw tooLong(what);
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

function tooLong(what: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${what} has a line of more than ${MAX_LINE} characters, or a paragraph of more than ${MAX_STANZA}`,
  });
}

function invalid(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${what} is not a Debian control file: ${why}`,
    data: { item: what },
  });
}
