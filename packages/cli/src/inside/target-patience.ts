import type { ConnectionConfig } from '@gapferry/bundle';
import type { HttpClientOptions } from '@gapferry/http';

/** Seconds. */
const PATIENCE = 60;

/** How long a target may be silent, as every client of it takes it. While something is sent and the target works on it: as site.yaml says. Questions that only read are answered at once or not at all: a fifth of that, and as
 *  long where that would be very short. A connection stands in ten seconds. */
export function targetPatience({
  patience = PATIENCE,
}: Pick<ConnectionConfig, 'patience'>): Required<
  Pick<HttpClientOptions, 'idleTimeoutMs' | 'readingTimeoutMs' | 'connectTimeoutMs'>
> {
  return {
    idleTimeoutMs: patience * 1000,
    readingTimeoutMs: Math.max(patience / 5, Math.min(patience, 12)) * 1000,
    connectTimeoutMs: Math.min(patience, 10) * 1000,
  };
}
