import { type Clock, digestOf } from '@gapferry/core';
import { makeFile } from '@gapferry/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { RELEASE, type S3Fixture } from '../testing/s3-place.ts';
import { importFiles, S3Story } from '../testing/s3-story.ts';

const story = new S3Story();
afterEach(() => story.close());

interface Numbered {
  readonly version: string;
  readonly sequence: number;
}

/** Another release of the channel. */
function release({ version, sequence }: Numbered): typeof RELEASE {
  return { ...RELEASE, version, sequence, statement: digestOf(`${version} ${sequence}`) } as never;
}

const [FIRST, AGAIN, NEXT, LAST] = (
  [
    ['1.0.0', 1],
    ['1.0.0', 2],
    ['1.1.0', 3],
    ['1.2.0', 4],
  ] as const
).map(([version, sequence]) => release({ version, sequence })) as [never, never, never, never];

describe('locked objects of releases that are not kept', () => {
  it('stay as versions where the bucket keeps them', async () => {
    const server = await story.serve({ buckets: { plant: { objectLock: true } } });
    const policy = { keep: 1, lock: { mode: 'compliance', days: 1 } } as const;
    await importFiles(story.open(server, { policy, release: FIRST }), makeFile('v1'));
    const before = server.versions('plant');
    await importFiles(story.open(server, { policy, release: NEXT }), makeFile('v2'));
    expect(server.keys('plant')).toEqual(['line-a/1.1.0/tools/setup.txt', 'line-a/index.json']);
    // The new object, the index twice (with the old release and without it), and a marker.
    expect(server.versions('plant')).toBe(before + 4);
  });
});

describe('locked objects in a store without versions', () => {
  const policy = { keep: 1, overwrite: 'replace', lock: { mode: 'governance', days: 1 } } as const;

  it('are neither replaced nor removed before their lock ends', async () => {
    let time = new Date('2026-03-01T12:00:00Z');
    const clock: Clock = { now: () => time };
    const server = await story.serve({ buckets: { plant: { worm: true } }, now: clock.now });
    const at = (which: never): S3Fixture =>
      story.open(server, { policy, release: which, now: clock.now, clock });
    const index = (): unknown =>
      JSON.parse(Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString());

    await importFiles(at(FIRST), makeFile('v1'));
    await expect(importFiles(at(AGAIN), makeFile('v9'))).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringMatching(/setup\.txt.*what is there is locked.*WORM/),
      hint: expect.stringContaining('{sequence}'),
    });
    expect(index()).toMatchObject({ version: '1.0.0', sequence: 1 });

    await importFiles(at(NEXT), makeFile('v2'));
    expect(index()).toMatchObject({ version: '1.1.0', earlier: [{ version: '1.0.0', sequence: 1 }] });
    expect(server.keys('plant')).toContain('line-a/1.0.0/tools/setup.txt');

    time = new Date('2026-03-03T12:00:00Z');
    await importFiles(at(LAST), makeFile('v3'));
    expect(server.keys('plant')).toEqual(['line-a/1.2.0/tools/setup.txt', 'line-a/index.json']);
    expect(index()).not.toHaveProperty('earlier');
  });
});
