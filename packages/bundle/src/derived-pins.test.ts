import {
  type ChartPin,
  digestOf,
  type GitPin,
  type ImagePin,
  type NamedBy,
  type Pin,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { derivedPins } from './derived-pins.ts';
import { toDerivedPin } from './derived-wish.ts';
import type { Waiver } from './waiver.ts';

const NOTHING = { platforms: [] };
const WISH: Wish = { kind: 'git', url: 'https://g.example/root', refs: [], images: 'discover' };
const DIGEST = digestOf('content');
const root = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: DIGEST, size: 1 };

function by(...items: readonly string[]): readonly NamedBy[] {
  return items.map((item) => ({ item, method: 'custom-resource', file: 'a.yaml', path: 'spec' }));
}

function wantedGit(wish: Wish = WISH): GitPin {
  return { ...gitPin('root'), wish: wishDigest(wish) };
}

function gitPin(name: string): GitPin {
  const url = `https://g.example/${name}`;
  return { kind: 'git', id: `g.example/${name}`, wish: DIGEST, url, objectFormat: 'sha1', refs: [] };
}

function git(name: string, ...items: readonly string[]): GitPin {
  return toDerivedPin(gitPin(name), by(...items), NOTHING);
}

function chart(name: string, ...items: readonly string[]): ChartPin {
  const [id, version] = [`c.example/${name}:1.0.0`, '1.0.0'];
  const pin = {
    kind: 'chart',
    from: 'oci',
    id,
    wish: DIGEST,
    name,
    version,
    root,
    rendered: DIGEST,
  } as const;
  return toDerivedPin<ChartPin>(pin, by(...items), NOTHING);
}

function image(name: string, ...items: readonly string[]): ImagePin {
  const id = `i.example/${name}:1`;
  return toDerivedPin({ kind: 'image', id, wish: DIGEST, root, platforms: [] }, by(...items), NOTHING);
}

function derived(
  pins: readonly Pin[],
  { waivers = [], wishes = [WISH] }: { waivers?: readonly Waiver[]; wishes?: readonly Wish[] } = {},
): string[] {
  return [...derivedPins(pins, { wishes, platforms: [], waivers })].map(({ kind, id }) => `${kind} ${id}`);
}

const ROOT = 'git g.example/root';

describe('an artifact of manifests', () => {
  it('may name something where only content wants it, and not where a line of bundle.yaml does', () => {
    const wish: Wish = { kind: 'image', ref: 'i.example/manifests:1', platforms: [] };
    const manifests = image('manifests', ROOT);
    const named = git('a', 'image i.example/manifests:1');
    expect(derived([wantedGit(), manifests, named])).toContain('git g.example/a');
    const wanted = { ...manifests, wish: wishDigest(wish) };
    expect(
      derived([wantedGit(), wanted, named], { wishes: [WISH, { ...wish, attestations: 'drop' }] }),
    ).toContain('git g.example/a');
    expect(derived([wantedGit(), wanted, named], { wishes: [WISH, wish] })).toEqual([]);
    expect(derived([manifests, named])).toEqual([]);
  });
});

describe('what a lock may hold that only content wants', () => {
  it('leads back to a line of bundle.yaml, over however many steps, and around circles that do', () => {
    const pins = [
      wantedGit(),
      git('a', ROOT, 'git g.example/b', 'git g.example/a'),
      git('b', 'git g.example/a'),
      chart('c', 'git g.example/b'),
      image('d', 'chart c.example/c:1.0.0', ROOT),
    ];
    expect(derived(pins)).toEqual([
      'git g.example/a',
      'git g.example/b',
      'chart c.example/c:1.0.0',
      'image i.example/d:1',
    ]);
  });

  it('is no circle of its own, nor what hangs on one', () => {
    const circle = [git('a', 'git g.example/b'), git('b', 'git g.example/a'), image('c', 'git g.example/b')];
    expect(derived([wantedGit(), ...circle])).toEqual([]);
    expect(derived([wantedGit(), git('a', 'git g.example/a')])).toEqual([]);
  });

  it('is named by nothing else: one foreign namer is too many, and takes with it what it names', () => {
    const pins = [
      wantedGit(),
      git('a', ROOT, 'git g.example/gone'),
      chart('b', 'git g.example/a'),
      git('c', ROOT),
      git('d', ROOT, 'git g.example/a'),
      image('e', ROOT, 'git g.example/d'),
    ];
    expect(derived(pins)).toEqual(['git g.example/c']);
  });

  it('is named by nothing that was not looked into', () => {
    const { rendered: _, ...plain } = chart('b', ROOT);
    expect(derived([wantedGit(), plain as ChartPin, image('c', 'chart c.example/b:1.0.0')])).toEqual([
      'chart c.example/b:1.0.0',
    ]);
    const { images: _images, ...wish } = WISH as Extract<Wish, { kind: 'git' }>;
    expect(derived([wantedGit(wish), git('a', ROOT)], { wishes: [wish] })).toEqual([]);
  });

  it('is a submodule where bundle.yaml does not leave them out, whatever else is looked for', () => {
    const { images: _, ...plain } = WISH as Extract<Wish, { kind: 'git' }>;
    const none: Wish = { ...plain, images: 'discover', submodules: 'none' };
    const [first] = by(ROOT) as [NamedBy];
    const lib = toDerivedPin(gitPin('lib'), [{ ...first, method: 'submodule' }], NOTHING);
    const both = toDerivedPin(gitPin('lib'), [{ ...first, method: 'submodule' }, first], NOTHING);
    expect(derived([wantedGit(plain), lib], { wishes: [plain] })).toEqual(['git g.example/lib']);
    expect(derived([wantedGit(none), lib], { wishes: [none] })).toEqual([]);
    expect(derived([wantedGit(plain), both], { wishes: [plain] })).toEqual([]);
    expect(derived([wantedGit(), both])).toEqual(['git g.example/lib']);
    expect(derived([wantedGit(), { ...lib, commits: ['c'.repeat(40)] }])).toEqual([]);
    expect(derived([wantedGit(), { ...lib, url: 'file:///g.example/lib' }])).toEqual([]);
  });

  it('is covered by no waiver, and nothing is there because of what is', () => {
    const pins = [wantedGit(), chart('a', ROOT), image('b', 'chart c.example/a:1.0.0')];
    const waive = (waiver: object): string[] =>
      derived(pins, { waivers: [{ ...waiver, reason: 'r' } as Waiver] });
    expect(waive({ image: 'i.example/b' })).toEqual(['chart c.example/a:1.0.0']);
    expect(waive({ chart: 'c.example/a' })).toEqual([]);
    expect(waive({ git: 'i.example/**' })).toHaveLength(2);
  });

  it('is called what it is', () => {
    const { url, ...honest } = git('a', ROOT) as GitPin;
    const other = toDerivedPin({ ...honest, url: `${url}-evil` }, by(ROOT), NOTHING);
    expect(derived([wantedGit(), other])).toEqual([]);
    expect(derived([wantedGit(), { ...other, id: `${other.id}-evil` }])).toEqual(['git g.example/a-evil']);
  });

  it('answers the wish that bundle.yaml gives it now', () => {
    expect(derived([wantedGit(), { ...chart('a', ROOT), wish: digestOf('another') }])).toEqual([]);
  });

  it('is none of what a line of bundle.yaml wants', () => {
    expect(derived([{ ...wantedGit(), namedBy: by(ROOT) }])).toEqual([]);
  });
});
