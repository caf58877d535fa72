/** The rules of S3: user metadata has 2 KB, names and values together. What a store counts of a name differs: all of it is counted here. */
const MOST_METADATA = 2048;
const NAME = 'gapferry-source';

/** Metadata with where a file came from: its URL without user, query and fragment, or `local`. Left out where it would not fit: half an address leads elsewhere. */
export function withSource(
  metadata: Readonly<Record<string, string>>,
  source: string | undefined,
): Readonly<Record<string, string>> {
  const value = source === undefined ? '' : sourceText(source);
  if (value === '') return metadata;
  const all = { ...metadata, [NAME]: value };
  const size = Object.entries(all).reduce(
    (sum, [name, text]) => sum + 'x-amz-meta-'.length + name.length + Buffer.byteLength(text),
    0,
  );
  return size <= MOST_METADATA ? all : metadata;
}

/** Headers carry ASCII: everything else is percent-encoded as UTF-8, as in a URL (RFC 3986). */
function sourceText(source: string): string {
  const url = URL.parse(source);
  if (url === null || !source.includes('://')) return encodeRest(source.replace(/[?#].*$/s, ''));
  for (const part of ['username', 'password', 'search', 'hash'] as const) url[part] = '';
  return encodeRest(url.href);
}

/** `%` itself is left alone: what is encoded already stays as it is. */
function encodeRest(text: string): string {
  return text.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}
