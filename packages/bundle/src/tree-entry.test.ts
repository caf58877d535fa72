import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const site = (target: string): string =>
  `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/site.key\ntargets:\n  - {${target}}\n`;
const DIRECTORY = 'name: files, kind: directory, directory: /srv/files';
const WEBDAV = 'name: files, kind: webdav, url: "https://files.plant.example/air/gap/"';

describe('a plain directory in site.yaml', () => {
  it('gives each release paths of its own, and removes nothing, unless told otherwise', () => {
    expect(parseSiteConfig(site(DIRECTORY), 'site.yaml').targets).toEqual([
      {
        name: 'files',
        kind: 'directory',
        directory: '/srv/files',
        path: '{channel}/{version}/{path}',
        takes: ['file'],
        prune: false,
      },
    ]);
  });

  it('says all of it', () => {
    const { targets } = parseSiteConfig(site(`${DIRECTORY}, path: "{path}", prune: true`), 'site.yaml');
    expect(targets[0]).toMatchObject({ path: '{path}', prune: true });
    const keeping = parseSiteConfig(site(`${DIRECTORY}, path: "r/{sequence}/{path}", keep: 2`), 'site.yaml');
    expect(keeping.targets[0]).toMatchObject({ path: 'r/{sequence}/{path}', keep: 2 });
  });

  it.each([
    ['path: "{release}/{path}"', 'has {release}'],
    ['path: "{channel}"', 'must be {path}, or end with /{path}'],
    ['path: "../{path}"', 'does not make good keys'],
    ['prune: true', '"keep"'],
    ['path: "{path}", keep: 2', 'needs {version} or {sequence}'],
    ['takes: [images]', 'must be files'],
    ['bucket: x', 'bucket'],
  ])('is refused with %s', (more, problem) => {
    expect(() => parseSiteConfig(site(`${DIRECTORY}, ${more}`), 'site.yaml')).toThrow(problem);
  });
});

describe('a WebDAV server in site.yaml', () => {
  it('is reached over TLS, without credentials unless it names them', () => {
    expect(parseSiteConfig(site(WEBDAV), 'site.yaml').targets).toEqual([
      {
        name: 'files',
        kind: 'webdav',
        url: 'https://files.plant.example/air/gap',
        path: '{channel}/{version}/{path}',
        takes: ['file'],
        prune: false,
        insecure: false,
        also: [],
      },
    ]);
  });

  it('says all of it', () => {
    const said = `${WEBDAV}, credentials: {env: DAV}, ca: ca.pem, cert: c.pem, key: c.key, also: [Other.example], connections: 3, insecure: true`;
    expect(parseSiteConfig(site(said), 'site.yaml').targets[0]).toMatchObject({
      credentials: { from: 'environment', name: 'DAV' },
      ca: 'ca.pem',
      cert: 'c.pem',
      key: 'c.key',
      also: ['other.example'],
      connections: 3,
      insecure: true,
    });
  });

  it.each([
    ['https://me:secret@files.example/x', 'must not carry credentials'],
    ['http://files.example/x', 'is plain HTTP'],
    ['ftp://files.example/x', 'must be https://HOST/PATH'],
    ['https://files.example/x?y', 'without ? and #'],
  ])('is refused with the address %s, which is not repeated', (url, problem) => {
    const parse = (): unknown =>
      parseSiteConfig(site(`name: files, kind: webdav, url: "${url}"`), 'site.yaml');
    expect(parse).toThrow(problem);
    expect(parse).not.toThrow('secret');
  });
});
