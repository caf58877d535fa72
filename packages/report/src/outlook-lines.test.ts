import { describe, expect, it } from 'vitest';
import { roomLines, timeLines } from './outlook-lines.ts';

const verify = { what: 'verify', bytes: 8_400_000_000, perSecond: 210_000_000, ms: 40_000 } as const;
const send = {
  what: 'send',
  target: 'harbor',
  bytes: 9_600_000_000,
  perSecond: 48_000_000,
  ms: 200_400,
} as const;

describe('the outlook of an import', () => {
  it('says how long it takes, and from which rates that is known', () => {
    expect(
      timeLines({ ms: 243_400, parts: [verify, send, { ...verify, what: 'read-back', ms: 3000 }] }),
    ).toEqual([
      'Time: about 4 min: verifying 8.40 GB 40 s (210 MB/s measured), sending 9.60 GB to harbor 3 min 20 s (48.0 MB/s measured), reading back 3.0 s.',
    ]);
  });

  it('says what was never measured, and nothing where nothing was', () => {
    expect(timeLines({ ms: 40_000, parts: [verify], unknown: ['minio', 'read-back'] })).toEqual([
      'Time: at least 40 s: verifying 8.40 GB 40 s (210 MB/s measured), sending to minio, reading back never measured here.',
    ]);
    expect(timeLines(undefined)).toEqual([]);
  });

  it('does not count milliseconds', () => {
    const [line] = timeLines({ ms: 90, parts: [{ ...verify, ms: 90 }] });
    expect(line).toMatch(/^Time: about a second: verifying 8\.40 GB under a second /);
  });

  it('says what is needed and what is free', () => {
    expect(
      roomLines([{ target: 'depot', on: '/srv/\u001bdepot', needed: 3_200_000_000, free: 12e9 }]),
    ).toEqual(['Room: 3.20 GB needed at /srv/\\u{1b}depot, 12.0 GB free there.']);
  });
});
