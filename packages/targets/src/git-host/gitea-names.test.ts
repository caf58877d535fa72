import { expect, it } from 'vitest';
import { giteaPath } from './gitea-host.ts';

it.each([
  'api',
  'Admin',
  'robots.txt',
  'sitemap.xml',
  'ssh_info',
  'gitea-actions',
  'line.keys',
  'line.PNG',
  'a.atom',
])('Gitea keeps the name %s of an organisation for itself', (owner) => {
  expect(() => giteaPath('{path}', `git.example/${owner}/infra`)).toThrow(
    expect.objectContaining({ code: 'NAME_UNSAFE', message: expect.stringContaining('for itself') }),
  );
});

it.each(['keys', 'line.keys7', 'robots', 'sitemap.xml.gz'])('Gitea takes %s', (owner) => {
  expect(giteaPath('{path}', `git.example/${owner}/infra`)).toBe(`${owner}/infra`);
});
