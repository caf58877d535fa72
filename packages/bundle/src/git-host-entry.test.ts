import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const site = (target: string): string =>
  `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/site.key\ntargets:\n  - {${target}}\n`;
const GITEA = 'name: forge, kind: gitea, url: "https://git.plant.example/", credentials: {env: FORGE}';

describe('a Git host in site.yaml', () => {
  it('is private, keeps tags, backs up what is forced, prunes nothing and respects rules unless told otherwise', () => {
    expect(parseSiteConfig(site(GITEA), 'site.yaml').targets).toEqual([
      {
        name: 'forge',
        kind: 'gitea',
        url: 'https://git.plant.example',
        path: '{host}/{path}',
        takes: ['git'],
        visibility: 'private',
        credentials: { from: 'environment', name: 'FORGE' },
        insecure: false,
        refs: { force: 'backup', tags: 'keep', prune: false, protected: 'refuse' },
      },
    ]);
  });

  it('says all of it', () => {
    const said = `name: forge, kind: gitlab, url: "https://git.plant.example:8443/gitlab", path: "mirrors/{host}/{path}", takes: [git], visibility: internal, credentials: {file: forge.login}, ca: ca.pem, cert: c.pem, key: c.key, ssh: {url: "ssh://git@git.plant.example:2222", key: id, knownHosts: known}, refs: {force: refuse, tags: move, prune: true, protected: lift}`;
    expect(parseSiteConfig(site(said), 'site.yaml').targets[0]).toMatchObject({
      url: 'https://git.plant.example:8443/gitlab',
      visibility: 'internal',
      ssh: { url: 'ssh://git@git.plant.example:2222', key: 'id', knownHosts: 'known' },
      refs: { force: 'refuse', tags: 'move', prune: true, protected: 'lift' },
    });
  });

  it.each([
    ['"https://git.plant.example/srv/"', 'https://git.plant.example/srv'],
    ['"ssh://git@git.plant.example/srv/git"', 'ssh://git@git.plant.example/srv/git'],
    ['"file:///srv/git"', 'file:///srv/git'],
    ['../git', '../git'],
    ['/srv/git', '/srv/git'],
  ])('of plain repositories may be at %s', (url, found) => {
    expect(
      parseSiteConfig(site(`name: forge, kind: git, url: ${url}`), 'site.yaml').targets[0],
    ).toMatchObject({
      kind: 'git',
      url: found,
    });
  });

  it.each([
    [
      'a password in the address',
      GITEA.replace('https://', 'https://u:Sesam@'),
      'url: must not carry credentials',
    ],
    ['plain HTTP', GITEA.replace('https:', 'http:'), 'url: is plain HTTP'],
    ['no credentials', GITEA.replace(', credentials: {env: FORGE}', ''), 'credentials: is missing'],
    [
      "Docker's credentials",
      GITEA.replace('{env: FORGE}', 'docker'),
      'credentials: must be {env: NAME} or {file: PATH}',
    ],
    ['images', `${GITEA}, takes: [images]`, 'takes[0]'],
    ['an ssh key and nowhere to push to', `${GITEA}, ssh: {key: id}`, 'ssh: has no "url"'],
    ['an option for an ssh host', `${GITEA}, ssh: {url: "ssh://-oProxyCommand=x"}`, 'ssh.url: '],
    ['internal at Gitea', `${GITEA}, visibility: internal`, 'visibility'],
    ['a policy that nobody knows', `${GITEA}, refs: {force: always}`, 'refs.force'],
    [
      'a template that makes all repositories one',
      `${GITEA}, path: "{host}"`,
      'path: must have {path} or {name}',
    ],
    ['a template that climbs', `${GITEA}, path: "../{path}"`, 'path: does not make names'],
    ['a transport that runs programs', 'name: x, kind: git, url: "ext::sh -c true"', 'url: must be'],
    ['an option for a path', 'name: x, kind: git, url: "--upload-pack=x"', 'url: must be'],
    ['half a client certificate', `${GITEA}, cert: c.pem`, 'cert: a client certificate has two files'],
  ])('is refused with %s', (_, target, problem) => {
    expect(() => parseSiteConfig(site(target), 'site.yaml')).toThrow(problem);
  });
});
