import { describe, expect, it } from 'vitest';
import { parseSiteConfig, siteJsonSchema } from './site-config.ts';

const YAML = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/site.key
targets:
  - {name: registry, kind: depot, path: ../registry, takes: [images, charts]}
  - {name: rest, kind: depot, path: /srv/rest}
`;

describe('site.yaml', () => {
  it('names targets in order, each with the kinds it takes; without takes it takes everything', () => {
    expect(parseSiteConfig(YAML, 'site.yaml')).toEqual({
      name: 'plant-7',
      trust: 'trust.yaml',
      key: 'keys/site.key',
      state: 'state',
      targets: [
        { name: 'registry', kind: 'depot', path: '../registry', takes: ['image', 'chart'] },
        { name: 'rest', kind: 'depot', path: '/srv/rest', takes: ['image', 'chart', 'git', 'file'] },
      ],
    });
  });

  it('may keep its state elsewhere', () => {
    expect(parseSiteConfig(`${YAML}state: /var/lib/gapferry\n`, 'site.yaml').state).toBe('/var/lib/gapferry');
  });

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'a target name that is there twice',
      (text) => text.replace('name: rest', 'name: registry'),
      /^site\.yaml:7:\d+: targets\[1\]\.name: "registry" is the name of another target/,
    ],
    [
      'a kind that is not known',
      (text) => text.replace('kind: depot', 'kind: harbor'),
      /^site\.yaml:6:\d+: targets\[0\]\.kind: must be depot/,
    ],
    [
      'a misspelt member',
      (text) => text.replace('takes:', 'take:'),
      /^site\.yaml:6:\d+: targets\[0\]\.take: is not known here; did you mean "takes"\?/,
    ],
    ['singular kinds', (text) => text.replace('[images, charts]', '[image]'), /targets\[0\]\.takes\[0\]/],
    ['a target that takes nothing', (text) => text.replace('[images, charts]', '[]'), /targets\[0\]\.takes/],
    [
      'no target',
      (text) => `${text.slice(0, text.indexOf('targets:'))}targets: []\n`,
      /^site\.yaml:5:\d+: targets: /,
    ],
    [
      'a name that is a path',
      (text) => text.replace('name: plant-7', 'name: ../plant'),
      /^site\.yaml:2:\d+: name: /,
    ],
    ['no key', (text) => text.replace('key: keys/site.key\n', ''), /key: /],
    [
      'another document',
      (text) => text.replace('gapferry.site/1', 'gapferry.trust/1'),
      /format: must be gapferry\.site\/1/,
    ],
    ['nothing', () => '', /is empty/],
    ['no YAML', () => 'a: [', /^site\.yaml:1:\d+: /],
  ])('with %s is refused at its place', (_, change, expected) => {
    expect(() => parseSiteConfig(change(YAML), 'site.yaml')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(expected) }),
    );
  });

  it('has a JSON Schema for editors that knows its members', () => {
    expect(siteJsonSchema()).toMatchObject({
      type: 'object',
      properties: { targets: { type: 'array' } },
      required: expect.arrayContaining(['name', 'key']),
    });
  });
});
