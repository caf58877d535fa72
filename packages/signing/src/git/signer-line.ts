/** What a line of allowed signers says of its key. Times in seconds since 1970. */
export interface SignerOptions {
  readonly certAuthority?: true;
  /** Pattern list; absent: every namespace. */
  readonly namespaces?: string;
  readonly validAfter?: number;
  readonly validBefore?: number;
}

export interface SignerLine {
  readonly principals: string;
  readonly options: SignerOptions;
  readonly type: string;
  readonly base64: string;
}

const KEY_TYPE = /^(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+$/;

/** Splits a line without leading and trailing blanks: `principals [options] type base64 [comment]`. Throws `Error` with the reason. */
export function splitSignerLine(line: string): SignerLine {
  const [principals, rest] = principalsOf(line);
  const [first, afterFirst] = wordOf(rest);
  const hasOptions = !KEY_TYPE.test(first);
  const [type, afterType] = hasOptions ? wordOf(afterFirst) : [first, afterFirst];
  const [base64] = wordOf(afterType);
  if (!KEY_TYPE.test(type) || base64 === '') throw new Error('it has no key');
  return { principals, options: hasOptions ? readOptions(first) : {}, type, base64 };
}

/** They may be quoted as a whole. */
function principalsOf(line: string): readonly [string, string] {
  if (!line.startsWith('"')) return wordOf(line);
  const end = line.indexOf('"', 1);
  if (end < 0) throw new Error('a quote is not closed');
  if (end === 1) throw new Error('it has no principals');
  return [line.slice(1, end), line.slice(end + 1).trimStart()];
}

/** Up to the next blank outside of quotes. */
function wordOf(text: string): readonly [string, string] {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\\' && text[at + 1] === '"') at++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === ' ' || character === '\t'))
      return [text.slice(0, at), text.slice(at).trimStart()];
  }
  if (quoted) throw new Error('a quote is not closed');
  return [text, ''];
}

const OPTION = /^(?:(cert-authority)|(namespaces|valid-after|valid-before)="((?:[^"\\]|\\.)*)")(?:,(?=.)|$)/i;

function readOptions(text: string): SignerOptions {
  const found = new Map<string, string>();
  for (let rest = text; rest !== ''; ) {
    const match = OPTION.exec(rest);
    if (match === null) throw new Error(`the option "${rest.slice(0, 60)}" is not known`);
    const [whole, flag, name = flag ?? '', value = ''] = match;
    const key = name.toLowerCase();
    if (found.has(key)) throw new Error(`${key} stands there twice`);
    found.set(key, value.replaceAll('\\"', '"'));
    rest = rest.slice(whole.length);
  }
  return toOptions(found);
}

function toOptions(found: ReadonlyMap<string, string>): SignerOptions {
  const [namespaces, after, before] = ['namespaces', 'valid-after', 'valid-before'].map((name) =>
    found.get(name),
  );
  const validAfter = after === undefined ? undefined : secondsOf(after);
  const validBefore = before === undefined ? undefined : secondsOf(before);
  if (validAfter !== undefined && validBefore !== undefined && validBefore <= validAfter)
    throw new Error('valid-before is not after valid-after');
  return {
    ...(found.has('cert-authority') && { certAuthority: true as const }),
    ...(namespaces !== undefined && { namespaces }),
    ...(validAfter !== undefined && { validAfter }),
    ...(validBefore !== undefined && { validBefore }),
  };
}

/** `YYYYMMDD[HHMM[SS]]`, with or without `Z`. */
function secondsOf(text: string): number {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] =
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:Z|UTC)?$/i.exec(text) ?? [];
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const time = Date.parse(`${written}Z`);
  if (year === undefined || Number.isNaN(time) || !new Date(time).toISOString().startsWith(written))
    throw new Error(`"${text.slice(0, 40)}" is no time; write YYYYMMDD or YYYYMMDDHHMMSSZ`);
  return time / 1000;
}
