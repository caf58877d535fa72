/** Status and headers of an HTTP/1 answer whose body has a plain length. */
export interface RawHead {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of the body. */
  readonly length: number;
}

/** Bytes of a head. */
export const HEAD_LIMIT: number = 64 << 10;

/** Request head (RFC 9112). Undefined when a value could not be written safely. */
export function writeRawHead(url: URL, headers: Readonly<Record<string, string>>): string | undefined {
  const lines = Object.entries({ Host: url.host, ...headers, Connection: 'close' });
  if (lines.some(([name, value]) => !/^[A-Za-z0-9-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value)))
    return undefined;
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** Reads the head of an answer, without the empty line at its end. Undefined for everything that is not plain: no Content-Length, a transfer or content coding, folded or doubtful lines, a status without body. */
export function parseRawHead(text: string): RawHead | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] ([2-5]\d\d)(?: |$)/.exec(statusLine)?.[1] ?? 0);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === '') return undefined;
    headers.set(key, headers.has(key) ? `${headers.get(key)}, ${value}` : value);
  }
  const length = headers.get('content-length') ?? '';
  const isPlain =
    /^\d{1,15}$/.test(length) && !headers.has('transfer-encoding') && !headers.has('content-encoding');
  return status === 0 || status === 204 || status === 304 || !isPlain
    ? undefined
    : { status, headers, length: Number(length) };
}
