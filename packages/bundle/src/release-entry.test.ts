import { digestOf, type UrlFilePin, type Wish, wishDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { answersWish } from './answers-wish.ts';
import { parseBundleConfig } from './bundle-config.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const RELEASE =
  'release: {url: "https://github.com/k3s-io/k3s/", version: ~1.31, assets: [k3s, "k3s-airgap-*", k3s]}';
const wishOf = (line: string): Wish | undefined =>
  parseBundleConfig(`${HEAD}files: [{${line}}]`, 'bundle.yaml', (url) => url).wishes[0];

describe('assets of a release in bundle.yaml', () => {
  it('are a range of versions and names', () => {
    expect(
      wishOf(
        `${RELEASE}, as: "k3s/{version}/{name}", checksums: {asset: "sums-{version}.txt"}, check: first-seen`,
      ),
    ).toEqual({
      kind: 'file',
      release: { url: 'https://github.com/k3s-io/k3s', version: '~1.31', assets: ['k3s', 'k3s-airgap-*'] },
      as: 'k3s/{version}/{name}',
      checksums: { asset: 'sums-{version}.txt' },
      check: 'first-seen',
    });
  });

  it.each([
    [`${RELEASE}, as: "k3s/{name}"`, 'nothing says what the files must be'],
    [`${RELEASE}, as: "k3s/k3s", check: first-seen`, '"as" needs {name}'],
    [`${RELEASE}, as: "{tag}/{name}", check: first-seen`, 'known are {name} and {version}'],
    [`${RELEASE}, as: "../{name}", check: first-seen`, 'is refused'],
    [
      `${RELEASE.replace('k3s/"', 'k3s?tab=releases"')}, as: "{name}", check: first-seen`,
      'addresses below this one are asked for',
    ],
    [`${RELEASE}, as: "{name}", checksums: {asset: "../x"}`, 'is not the name of an asset'],
    [`${RELEASE}, as: "{name}", signature: {asset: x}`, 'has one of "key"'],
    [`${RELEASE}, as: "{name}", sha256: ${'a'.repeat(64)}`, 'files[0]'],
    [`${RELEASE.replace('~1.31', 'latest')}, as: "{name}", check: first-seen`, 'is not a semver range'],
  ])('are refused where the line is wrong: %s', (line, problem) => {
    expect(() => wishOf(line)).toThrow(problem);
  });

  it('are pinned by what follows from the line, and by nothing else', () => {
    const wish = wishOf(`${RELEASE}, as: "k3s/{version}/{name}", check: first-seen`);
    if (wish === undefined) throw new Error('no wish');
    const pin: UrlFilePin = {
      kind: 'file',
      id: 'k3s/1.31.2+k3s1/k3s',
      wish: wishDigest(wish),
      url: 'https://github.com/k3s-io/k3s/releases/download/v1.31.2%2Bk3s1/k3s',
      sha256: digestOf('k3s'),
      version: '1.31.2+k3s1',
    };
    expect(answersWish(pin, wish)).toBe(true);
    const { version: _, ...unversioned } = pin;
    for (const other of [
      unversioned,
      { ...pin, version: '1.32.0', id: 'k3s/1.32.0/k3s' },
      { ...pin, id: 'k3s/1.31.2/k3s' },
      { ...pin, url: pin.url.replace('github.com', 'github.example') },
      { ...pin, url: `${pin.url}-other`, id: 'k3s/1.31.2+k3s1/k3s-other' },
    ])
      expect(answersWish(other, wish)).toBe(false);
  });
});
