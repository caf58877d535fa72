import { GapferryError } from '@gapferry/core';

/** An element of a small document: its text without that of its children, and no attributes. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const DEEPEST = 16;
/** A thousand objects, or parts, with forty members each. */
const MOST_ELEMENTS = 40_000;
/** Characters of one text: a key of 1,024 bytes, encoded, has 3,072. */
const LONGEST_TEXT = 64 << 10;
const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Reads what an S3 server answers: elements and text. Document types, CDATA and entities of its own are refused (`PROTOCOL_VIOLATION`), as is what is no well-formed XML, and more than such an answer has. */
export function parseXml(source: string): XmlElement {
  const root: Open = { name: '', text: '', children: [] };
  const open: Open[] = [root];
  let at = 0;
  let elements = 0;
  for (const token of source.replace(/^\uFEFF/, '').matchAll(TOKEN)) {
    at = token.index + token[0].length;
    if (token[2] !== undefined && token[1] !== '/' && ++elements > MOST_ELEMENTS) throw malformed();
    if ((token[4]?.length ?? 0) > LONGEST_TEXT) throw malformed();
    take(token, open);
  }
  const [document, more] = root.children;
  if (at < source.replace(/^\uFEFF/, '').length || open.length > 1 || document === undefined || more)
    throw malformed();
  if (root.text.trim() !== '') throw malformed();
  return document;
}

/** The text of the first child of that name. */
export function textIn(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

export function allIn(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}

interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

function take([, closing, name, selfClosing, text]: RegExpMatchArray, open: Open[]): void {
  const inner = open.at(-1);
  if (inner === undefined) throw malformed();
  if (text !== undefined) inner.text += decodeText(text);
  if (name === undefined) return;
  const own = name.replace(/^.*:/, '');
  if (closing === '/') {
    if (inner.name !== own || open.length === 1) throw malformed();
    open.pop();
    return;
  }
  if (open.length > DEEPEST) throw malformed();
  const element: Open = { name: own, text: '', children: [] };
  inner.children.push(element);
  if (selfClosing !== '/') open.push(element);
}

function decodeText(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]{1,10})?;?/gi,
    (whole, entity: string | undefined) => {
      if (entity === undefined || !whole.endsWith(';')) throw malformed();
      const known = ENTITIES[entity] ?? decodeNumber(entity);
      if (known === undefined) throw malformed();
      return known;
    },
  );
}

function decodeNumber(entity: string): string | undefined {
  if (!entity.startsWith('#')) return undefined;
  const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

function malformed(): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: 'the object store answers with what is no plain XML',
    hint: 'check the address: it must be that of the S3 API, not of a web page',
    origin: 'source',
  });
}
