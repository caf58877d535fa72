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

const withRegistries = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/site.key
targets:
  - {name: images, kind: registry, url: "https://registry.plant.example:8443", takes: [images], path: "mirror/{host}/{path}", credentials: {env: PLANT}, ca: ca.pem, cert: client.pem, key: client.key, also: [tokens.plant.example, "Store.plant.example:9000"], connections: 4, patience: 120}
  - {name: charts, kind: registry, url: "http://127.0.0.1:5000"}
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
      (text) => text.replace('kind: depot', 'kind: nexus'),
      /^site\.yaml:6:\d+: targets\[0\]\.kind: must be depot, registry, harbor, quay, gitlab-registry, gitea, gitlab, git, s3, directory or webdav$/,
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

  it('names registries; what is left out is the safe choice', () => {
    const [first, second] = parseSiteConfig(withRegistries, 'site.yaml').targets;
    expect(first).toEqual({
      name: 'images',
      kind: 'registry',
      url: 'https://registry.plant.example:8443',
      path: 'mirror/{host}/{path}',
      takes: ['image'],
      credentials: { from: 'environment', name: 'PLANT' },
      ca: 'ca.pem',
      cert: 'client.pem',
      key: 'client.key',
      insecure: false,
      also: ['tokens.plant.example', 'store.plant.example:9000'],
      connections: 4,
      patience: 120,
    });
    expect(second).toEqual({
      name: 'charts',
      kind: 'registry',
      url: 'http://127.0.0.1:5000',
      path: '{host}/{path}',
      takes: ['image', 'chart'],
      insecure: false,
      also: [],
    });
  });

  it.each([
    ['docker', { from: 'docker' }],
    ['{docker: true}', { from: 'docker' }],
    ['{file: /etc/plant.login}', { from: 'file', path: '/etc/plant.login' }],
  ])('takes credentials from %s', (text, credentials) => {
    const yaml = withRegistries.replace('{env: PLANT}', text);
    expect(parseSiteConfig(yaml, 'site.yaml').targets[0]).toMatchObject({ credentials });
  });

  it.each<[string, string, string, RegExp]>([
    [
      'what it cannot hold',
      '[images]',
      '[images, git]',
      /^site\.yaml:6:\d+: targets\[0\]\.takes\[1\]: must be one of images, charts$/,
    ],
    [
      'a password',
      '{env: PLANT}',
      '{env: "robot:s3cret"}',
      /credentials\.env: must be the name of an environment variable: its value never stands here$/,
    ],
    [
      'two places of credentials',
      '{env: PLANT}',
      '{env: PLANT, file: f}',
      /credentials: must be \{env: NAME\}, \{file: PATH\} or docker$/,
    ],
    [
      'no place of credentials',
      '{env: PLANT}',
      'plant',
      /credentials: must be \{env: NAME\}, \{file: PATH\} or docker$/,
    ],
    [
      'a variable that is not known',
      '{host}/',
      '{registry}/',
      /path: has \{registry\}: known are \{host\}, \{path\} and \{name\}$/,
    ],
    ['one repository for all', 'mirror/{host}/{path}', 'mirror/all', /path: must have \{path\} or \{name\}/],
    ['upper case', 'mirror/', 'Mirror/', /path: does not make names of repositories/],
    ['plain HTTP elsewhere', 'https:', 'http:', /url: is plain HTTP: write https:\/\/, or "insecure: true"/],
    ['a URL with a path', ':8443', ':8443/v2', /url: has a path: that belongs in "path"/],
    ['a URL with a password', 'https://', 'https://robot:s3cret@', /url: must not carry credentials/],
    ['no URL', 'https://registry', 'registry', /url: must be https:\/\/HOST or https:\/\/HOST:PORT$/],
    ['half a client certificate', ' key: client.key,', '', /cert: a client certificate has two files/],
    [
      'another host with a path',
      'tokens.plant.example',
      'tokens.plant.example/token',
      /also\[0\]: must be host or host:port$/,
    ],
  ])('refuses a registry with %s at its place', (_, from, to, expected) => {
    const read = (): unknown => parseSiteConfig(withRegistries.replace(from, to), 'site.yaml');
    expect(read).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(expected) }),
    );
    expect(read).not.toThrow(/s3cret/);
  });

  it('allows plain HTTP elsewhere only with insecure: true', () => {
    const yaml = withRegistries.replace('https:', 'http:').replace('connections: 4', 'insecure: true');
    expect(parseSiteConfig(yaml, 'site.yaml').targets[0]).toMatchObject({
      url: 'http://registry.plant.example:8443',
      insecure: true,
    });
  });

  it('has a JSON Schema for editors that knows its members', () => {
    expect(siteJsonSchema()).toMatchObject({
      type: 'object',
      properties: { targets: { type: 'array' } },
      required: expect.arrayContaining(['name', 'key']),
    });
  });
});
