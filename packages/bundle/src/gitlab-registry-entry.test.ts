import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const site = (target: string): string =>
  `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/site.key\ntargets:\n  - {${target}}\n`;
const GITLAB =
  'name: gitlab, kind: gitlab-registry, url: "https://registry.plant.example", gitlab: "https://gitlab.plant.example/", credentials: {env: GITLAB}';

describe('the registry of a GitLab in site.yaml', () => {
  it('has a private project for each repository, unless told otherwise', () => {
    expect(parseSiteConfig(site(GITLAB), 'site.yaml').targets).toEqual([
      {
        name: 'gitlab',
        kind: 'gitlab-registry',
        url: 'https://registry.plant.example',
        gitlab: 'https://gitlab.plant.example',
        path: '{host}/{path}',
        takes: ['image', 'chart'],
        credentials: { from: 'environment', name: 'GITLAB' },
        insecure: false,
        also: [],
        create: true,
        visibility: 'private',
      },
    ]);
  });

  it('says all of it', () => {
    const said = `${GITLAB}, token: {env: GITLAB_TOKEN}, path: "mirror/{host}/{path}", project: "mirror/{host}", visibility: internal`;
    expect(parseSiteConfig(site(said), 'site.yaml').targets[0]).toMatchObject({
      token: { from: 'environment', name: 'GITLAB_TOKEN' },
      projectParts: 2,
      visibility: 'internal',
    });
  });

  it.each([
    ['no credentials', GITLAB.replace(', credentials: {env: GITLAB}', ''), 'credentials: is missing'],
    ['no GitLab', GITLAB.replace(', gitlab: "https://gitlab.plant.example/"', ''), 'gitlab: is missing'],
    ['a project elsewhere', `${GITLAB}, project: "mirror/{host}"`, 'project: is not what "path" begins with'],
    [
      'a project whose end nobody knows',
      `${GITLAB}, path: "{host}/{path}/image", project: "{host}/{path}"`,
      'project: has {path}',
    ],
    ['a project without a group', `${GITLAB}, project: "{host}"`, 'project: is no GROUP/PROJECT'],
    ['what is not made', `${GITLAB}, create: false, visibility: public`, 'visibility: says what projects'],
    ['plain HTTP', GITLAB.replace('https://gitlab', 'http://gitlab'), 'gitlab: is plain HTTP'],
  ])('refuses %s', (_, target, problem) => {
    expect(() => parseSiteConfig(site(target), 'site.yaml')).toThrow(problem);
  });
});
