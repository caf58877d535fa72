import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const site = (target: string): string =>
  `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/site.key\ntargets:\n  - {${target}}\n`;
const QUAY = 'name: quay, kind: quay, url: "https://quay.plant.example", credentials: {env: QUAY}';

describe('a Quay in site.yaml', () => {
  it('gets the organizations and repositories it lacks, private, unless told otherwise', () => {
    expect(parseSiteConfig(site(QUAY), 'site.yaml').targets).toEqual([
      {
        name: 'quay',
        kind: 'quay',
        url: 'https://quay.plant.example',
        path: '{host}/{path}',
        takes: ['image', 'chart'],
        credentials: { from: 'environment', name: 'QUAY' },
        insecure: false,
        also: [],
        organizations: { create: true },
        repositories: { create: true, public: false },
      },
    ]);
  });

  it('says all of it', () => {
    const said = `${QUAY}, token: {file: quay.token}, path: "mirror/{host}/{path}", organizations: {create: true, quota: 50GiB}, repositories: {public: true}`;
    expect(parseSiteConfig(site(said), 'site.yaml').targets[0]).toMatchObject({
      token: { from: 'file', path: 'quay.token' },
      organizations: { create: true, quota: 50 * 2 ** 30 },
      repositories: { create: true, public: true },
    });
    const { targets } = parseSiteConfig(site(`${QUAY}, token: {env: QUAY_TOKEN}`), 'site.yaml');
    expect(targets[0]).toMatchObject({ token: { from: 'environment', name: 'QUAY_TOKEN' } });
  });

  it.each([
    ['no credentials', QUAY.replace(', credentials: {env: QUAY}', ''), 'credentials: is missing'],
    ['no organization', `${QUAY}, path: "{name}"`, 'path: has no organization'],
    ['an organization that Quay takes for none', `${QUAY}, path: "a/{path}"`, 'path: begins with what Quay'],
    ['a token in the file', `${QUAY}, token: s3cret`, 'token: must be'],
    [
      'a quota of what is not made',
      `${QUAY}, organizations: {create: false, quota: 5}`,
      'organizations: says',
    ],
    ['what is not made', `${QUAY}, repositories: {create: false, public: true}`, 'repositories: says'],
    ['a misspelled member', `${QUAY}, organisations: {create: true}`, 'did you mean "organizations"?'],
  ])('refuses %s', (_, target, problem) => {
    expect(() => parseSiteConfig(site(target), 'site.yaml')).toThrow(problem);
  });
});
