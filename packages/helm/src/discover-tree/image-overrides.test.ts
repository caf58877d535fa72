import type { ImageOverride } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { Fields } from './fields.ts';
import { imageRules, overrideImages, splitImage } from './image-overrides.ts';

const SHA = `sha256:${'a'.repeat(64)}`;

function overridden(image: string, ...overrides: ImageOverride[]): unknown {
  const object: Fields = { apiVersion: 'v1', kind: 'Pod', spec: { other: { containers: [{ image }] } } };
  const after = overrideImages(object, imageRules(overrides, [], 'it'), () => {});
  return (after as never as { spec: { other: { containers: [{ image: string }] } } }).spec.other.containers[0]
    .image;
}

describe('an image of `images:`', () => {
  it.each([
    ['nginx', { name: 'nginx', newTag: '2' }, 'nginx:2'],
    ['nginx:1', { name: 'nginx', newTag: '2' }, 'nginx:2'],
    [`nginx:1@${SHA}`, { name: 'nginx', newTag: '2' }, 'nginx:2'],
    [`nginx:1@${SHA}`, { name: 'nginx', newName: 'r:5000/n' }, `r:5000/n:1@${SHA}`],
    ['nginx:1', { name: 'nginx', digest: SHA }, `nginx@${SHA}`],
    ['nginx:1', { name: 'nginx', digest: SHA, newTag: '2' }, `nginx:2@${SHA}`],
    ['nginx:1', { name: 'nginx', tagSuffix: '-arm' }, 'nginx:1-arm'],
    ['docker.io/nginx:1', { name: 'nginx', newTag: '2' }, 'docker.io/nginx:1'],
    ['nginx2:1', { name: 'nginx', newTag: '2' }, 'nginx2:1'],
    ['nginx:1/x', { name: 'nginx', newTag: '2' }, 'nginx:1/x'],
    ['r:5000/a', { name: 'r:5000/a', newTag: '2' }, 'r:5000/a:2'],
    ['nginx:{tag}', { name: 'ng.nx', newTag: '2' }, 'nginx:2'],
  ])('makes of %s with %j %s', (image, override, expected) => {
    expect(overridden(image, override)).toBe(expected);
  });

  it('sees what the one before it wrote', () => {
    expect(overridden('a:1', { name: 'a', newName: 'b' }, { name: 'b', newTag: '2' })).toBe('b:2');
  });

  it('leaves CustomResourceDefinitions and other places alone, as the same object', () => {
    const rules = imageRules([{ name: 'a', newTag: '2' }], [], 'it');
    const definition: Fields = { kind: 'CustomResourceDefinition', spec: { containers: [{ image: 'a' }] } };
    const other: Fields = { kind: 'Pod', spec: { image: 'a', ephemeralContainers: [{ image: 'a' }] } };
    expect(overrideImages(definition, rules, () => {})).toBe(definition);
    expect(overrideImages(other, rules, () => {})).toBe(other);
  });

  it('refuses a name that Go takes for no pattern', () => {
    expect(() => imageRules([{ name: 'a(', newTag: '2' }], [], 'k.yaml')).toThrow('k.yaml: "^a((');
  });

  it('is not slowed down by a name that would make other engines backtrack', () => {
    expect(overridden('a'.repeat(900), { name: '(a+)+!', newTag: '2' })).toBe('a'.repeat(900));
  });
});

describe('the parts of an image', () => {
  it.each([
    ['a', 'a', '', ''],
    ['h:5000/a', 'h:5000/a', '', ''],
    ['h:5000/a:1', 'h:5000/a', '1', ''],
    ['a@sha256:b', 'a', '', 'sha256:b'],
    ['a:1@sha256:b', 'a', '1', 'sha256:b'],
  ])("of %s are kustomize's", (image, name, tag, digest) => {
    expect(splitImage(image)).toEqual({ name, tag, digest });
  });
});
