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
    const colon = line.indexOf(':');
    const [key, value] = [line.slice(0, Math.max(0, colon)).toLowerCase(), line.slice(colon + 1)];
    // Each pattern has one way to match only: a line may be as long as the head.
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return undefined;
    headers.set(key, [headers.get(key), value.trim()].filter((part) => part !== undefined).join(', '));
  }
  const length = headers.get('content-length') ?? '';
  const isPlain =
    /^\d{1,15}$/.test(length) && !headers.has('transfer-encoding') && !headers.has('content-encoding');
  return status === 0 || status === 204 || status === 304 || !isPlain
    ? undefined
    : { status, headers, length: Number(length) };
}
