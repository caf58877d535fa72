import { type Digest, digestOf, type NameState, type Presence } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { importLoads, placeOf, wantedState } from './import-loads.ts';
import { type ImportPlan, type Ownership, planImport } from './plan-import.ts';
import { add, simulatedRelease, verifySimulated } from './testing/index.ts';

const [OLD, OTHER] = [digestOf('old'), digestOf('other')];

/** A release with the directory `kit/` of two files. */
function verified() {
  const release = simulatedRelease({ files: { kit: 'a' } });
  const files = ['a', 'b'].map((path) => ({ path, ...add(release.blobs, path) }));
  const [item] = release.manifest.items;
  item.id = 'kit/';
  item.files = files;
  delete item.root;
  item.blobs = files.map(({ digest }) => digest).sort();
  release.manifest.blobs = item.blobs.map((digest: Digest) => ({ digest, size: 1 }));
  return verifySimulated(release);
}

function plan(there: NameState, owner?: Ownership): ImportPlan {
  const release = verified();
  const [loads] = importLoads(release, [{ name: 'depot', takes: ['file'] }], new Map());
  if (loads === undefined) throw new Error('no loads');
  const wanted = wantedState(loads.name);
  const isSame = Object.entries(wanted).every(([path, digest]) => there[path] === digest);
  const namePresence: Presence = isSame ? { state: 'same' } : { state: 'different', there, missingBytes: 0 };
  return planImport(
    release,
    [{ ...loads, contentPresence: { state: 'same' }, namePresence }],
    (_target, place) => (place === placeOf(loads.name) ? owner : undefined),
  );
}

describe('a directory at a target', () => {
  it('is added to where files are missing, and replaces what the channel left there', () => {
    expect(plan({ 'kit/a': digestOf('a') }).steps[0]).toMatchObject({ nameAction: 'create' });
    const owner = { channel: 'line-a', left: { 'kit/a': OLD } };
    expect(plan({ 'kit/a': OLD }, owner).steps[0]).toMatchObject({
      nameAction: 'move',
      name: { path: 'kit/', replaces: { 'kit/a': OLD } },
    });
  });

  it('is in conflict by each file that somebody else put there, and they are named', () => {
    const owner = { channel: 'line-a', left: { 'kit/a': OLD } };
    expect(() => plan({ 'kit/a': OTHER, 'kit/b': OTHER }, owner)).toThrow(
      expect.objectContaining({
        code: 'TARGET_CONFLICT',
        message: expect.stringMatching(/kit\/a stands at .*kit\/b stands at /),
      }),
    );
    expect(() => plan({ 'kit/a': OTHER }, { channel: 'line-b', left: { 'kit/a': OTHER } })).toThrow(
      'belongs to channel line-b',
    );
  });
});
