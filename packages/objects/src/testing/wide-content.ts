import { createHttpClient, type HttpClient } from '@gapferry/http';
import { seededBuffer } from '@gapferry/testkit';
import type { WideReadingOptions } from '../wide-reading.ts';

/** Bytes of a file that is worth several connections. */
export const SIZE = 6_000_000;
export const content: Buffer = seededBuffer(SIZE, 'wide');
/** As many, and different. */
export const other: Buffer = seededBuffer(SIZE, 'other');
/** Tries again at once. */
export const http: HttpClient = createHttpClient({ wait: async () => {}, random: () => 0 });

/** One connection is judged by the first bytes that it brings, and is never fast enough. */
export const NEVER_FAST_ENOUGH: WideReadingOptions = {
  worth: 1_000_000,
  sampleMs: 0,
  fastEnough: Number.POSITIVE_INFINITY,
  lanes: 3,
  part: 500_000,
};
