import { validateHeaderName, validateHeaderValue } from 'node:http';
import { GapferryError } from '@gapferry/core';
import type { TripPurpose } from './trip-failure.ts';

/** Headers as they can be written (RFC 9110, section 5.5): some have what another server said, an ETag or a token for an address. Throws `PROTOCOL_VIOLATION`, which names the header and not its value. */
export function sendableHeaders(
  headers: Readonly<Record<string, string>>,
  { item, url }: TripPurpose,
): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers))
    if (!isSendable(name, value))
      throw new GapferryError({
        code: 'PROTOCOL_VIOLATION',
        message: `${url.host} cannot be asked for ${item}: the header ${JSON.stringify(name.slice(0, 100))} that it needs has characters that no header may have`,
        hint: `look at what ${url.host}, or whoever sends there, says about ${item}`,
        origin: 'source',
        data: { host: url.host, item },
      });
  return headers;
}

function isSendable(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
