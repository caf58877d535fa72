import { type Digest, digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseManifest } from './check-manifest.ts';
import { diffManifests, type ItemChange } from './diff-manifests.ts';
import {
  attach,
  canonical,
  filterIndex,
  itemOf,
  type SimulatedRelease,
  simulatedRelease,
} from './testing/index.ts';

const IMAGE = 'docker.io/library/app:1';
const KEY = { by: 'cosign-key', key: digestOf('key') } as const;
const OTHER_KEY = { by: 'cosign-key', key: digestOf('another key') } as const;

function release(text = 'app', id = IMAGE): SimulatedRelease {
  return simulatedRelease({ images: { [id]: text } });
}

function changes(a: SimulatedRelease, b: SimulatedRelease): readonly ItemChange[] {
  const [from, to] = [a, b].map(({ manifest }) => ({ manifest: parseManifest(canonical(manifest)) }));
  if (from === undefined || to === undefined) throw new Error('two releases');
  return diffManifests(from, to).changes;
}

describe('what belongs to an image', () => {
  it('is a change of its own when the image stays', () => {
    const [a, b] = [release(), release()];
    const gone = attach(a, IMAGE, { tag: 'sig', text: 'old signature' });
    const come = attach(b, IMAGE, { tag: 'sig', text: 'new signature' });
    const subject: Digest = itemOf(a, IMAGE).root.digest;
    expect(changes(a, b)).toEqual([
      {
        change: 'attached',
        kind: 'image',
        id: IMAGE,
        attached: {
          added: [{ type: 'signature', subject, root: come.root.digest }],
          removed: [{ type: 'signature', subject, root: gone.root.digest }],
        },
        bytes: expect.any(Number),
      },
    ]);
    expect(changes(a, a)).toEqual([]);
  });

  it('counts by type when the image is another one', () => {
    const [a, b] = [release('one'), release('two')];
    attach(a, IMAGE, { tag: 'sig' });
    attach(a, IMAGE, { tag: 'sbom' });
    attach(b, IMAGE, { tag: 'sig' });
    attach(b, IMAGE);
    expect(changes(a, b)).toMatchObject([
      {
        change: 'moved',
        attached: { added: [{ type: 'application/spdx+json' }], removed: [{ type: 'sbom' }] },
      },
    ]);
  });

  it('is told of an image that comes, and not of one that goes', () => {
    const [a, b] = [
      simulatedRelease({ files: { f: 'f' } }),
      simulatedRelease({ files: { f: 'f' }, images: { [IMAGE]: 'app' } }),
    ];
    attach(b, IMAGE, { tag: 'att' });
    expect(changes(a, b)).toMatchObject([
      { change: 'added', attached: { added: [{ type: 'attestation' }] } },
    ]);
    expect(changes(b, a)).toEqual([{ change: 'removed', kind: 'image', id: IMAGE, bytes: 0 }]);
  });
});

describe('what upstream’s signatures proved', () => {
  it('is told when it is lost, also where the image is an update', () => {
    const [a, b] = [release(), release()];
    itemOf(a, IMAGE).checked = [KEY];
    expect(changes(a, b)).toMatchObject([{ change: 'attached', attached: { unchecked: [KEY] } }]);
    const next = release('app', 'docker.io/library/app:2');
    itemOf(next, 'docker.io/library/app:2').checked = [OTHER_KEY];
    expect(changes(a, next)).toMatchObject([
      { change: 'updated', attached: { checked: [OTHER_KEY], unchecked: [KEY] } },
    ]);
  });
});

describe('a filtered index', () => {
  it('is said to be one', () => {
    const [a, b] = [release(), release()];
    filterIndex(b, IMAGE);
    expect(changes(a, b)).toMatchObject([{ change: 'moved', filtered: true }]);
    expect(changes(b, a)[0]).not.toHaveProperty('filtered');
  });
});
