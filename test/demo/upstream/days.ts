/** What the upstream publishes on a day. */
export interface Day {
  readonly version: string;
  /** What is new in this version; stands in the image and in the history. */
  readonly news: readonly string[];
}

/** Day 0 is before, day 1 after the upstream moved on. */
export const DAYS: readonly [Day, Day] = [
  { version: '1.0.0', news: ['First release'] },
  { version: '1.1.0', news: ['Say which image a site check looked for', 'Prove the ledger every night'] },
];
