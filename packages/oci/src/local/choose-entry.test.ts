import { type Descriptor, digestOf, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { chooseEntry } from './choose-entry.ts';
import type { LocalEntry, LocalPlace } from './local-place.ts';

const rootOf = (seed: string): Descriptor => ({
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digestOf(seed),
  size: 1,
});
const entry = (seed: string, ...names: string[]): LocalEntry => ({
  names,
  digest: rootOf(seed).digest,
  root: async () => rootOf(seed),
});
const placeOf = (...entries: LocalEntry[]): LocalPlace => ({
  what: 'images/app.tar',
  entries,
  find: async () => undefined,
  close: async () => {},
});
const choose = (
  place: LocalPlace,
  select?: string,
  attachments: readonly LocalEntry[] = [],
): Promise<Descriptor> => chooseEntry(place, select, (one) => attachments.includes(one), quietRun());

describe('choosing an image', () => {
  it('takes the only one there is, under however many names', async () => {
    expect(await choose(placeOf(entry('a', '1.0')))).toEqual(rootOf('a'));
    expect(await choose(placeOf(entry('a', '1.0'), entry('a', 'latest'), entry('a')))).toEqual(rootOf('a'));
  });

  it('does not count what belongs to another image, unless it is asked for', async () => {
    const signature = entry('s', 'sha256-aa.sig');
    const place = placeOf(entry('a', '1.0'), signature);
    expect(await choose(place, undefined, [signature])).toEqual(rootOf('a'));
    expect(await choose(place, 'sha256-aa.sig', [signature])).toEqual(rootOf('s'));
    expect(await choose(place, rootOf('s').digest, [signature])).toEqual(rootOf('s'));
  });

  const several = placeOf(
    entry('a', 'docker.io/library/app:1.0'),
    entry('b', 'registry.example:5000/app:2.0', '2.0'),
    entry('c', 'app:2.1'),
    entry('d', '3.0'),
    entry('e'),
  );
  it.each([
    ['its whole name', 'docker.io/library/app:1.0', 'a'],
    ['a short name for it', 'app:1.0', 'a'],
    ['the long name of a short one', 'docker.io/library/app:2.1', 'c'],
    ['its tag', '1.0', 'a'],
    ['a name that is a tag', '3.0', 'd'],
    ['another of its names', '2.0', 'b'],
    ['its digest', rootOf('e').digest, 'e'],
  ])('finds it by %s', async (_, select, seed) => {
    expect(await choose(several, select)).toEqual(rootOf(seed));
  });

  it.each(['9.9', 'app', '5000/app:2.0', 'docker.io/library/app', rootOf('x').digest, ''])(
    'does not find "%s", and says what there is',
    async (select) => {
      await expect(choose(several, select)).rejects.toMatchObject({
        code: 'SOURCE_NOT_FOUND',
        message: `images/app.tar has no image "${select}" in it; it has docker.io/library/app:1.0, registry.example:5000/app:2.0, app:2.1, 3.0, ${rootOf('e').digest}`,
      });
    },
  );

  it('wants to be told which one when there are several', async () => {
    const platform: LocalEntry = { ...entry('f'), platform: 'linux/arm64' };
    await expect(choose(placeOf(entry('a', '1.0'), platform))).rejects.toMatchObject({
      code: 'REFERENCE_INVALID',
      message: `images/app.tar has several images in it: 1.0, ${platform.digest} (linux/arm64)`,
      hint: expect.stringContaining('select:'),
    });
    await expect(
      choose(placeOf(entry('a', 'x/app:1.0'), entry('b', 'y/app:1.0')), '1.0'),
    ).rejects.toMatchObject({
      code: 'REFERENCE_INVALID',
      message: expect.stringContaining('x/app:1.0, y/app:1.0'),
    });
  });

  it('names no more than twenty, and nothing that could harm a terminal', async () => {
    const many = Array.from({ length: 25 }, (_, at) => entry(`${at}`, `\u001b[2Jv${at}`));
    await expect(choose(placeOf(...many))).rejects.toMatchObject({
      message: expect.stringMatching(/v19 and 5 more$/),
    });
    await expect(choose(placeOf(...many))).rejects.toMatchObject({
      message: expect.not.stringContaining('\u001b'),
    });
    await expect(choose(placeOf())).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: 'images/app.tar has no image in it',
    });
  });
});
