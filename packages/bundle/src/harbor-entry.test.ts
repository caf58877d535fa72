import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const site = (target: string): string =>
  `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/site.key\ntargets:\n  - {${target}}\n`;
const HARBOR = 'name: harbor, kind: harbor, url: "https://harbor.plant.example/", credentials: {env: HARBOR}';

describe('a Harbor in site.yaml', () => {
  it('gets the projects it lacks, private and with its own quota, and nothing else unless told otherwise', () => {
    expect(parseSiteConfig(site(HARBOR), 'site.yaml').targets).toEqual([
      {
        name: 'harbor',
        kind: 'harbor',
        url: 'https://harbor.plant.example',
        path: '{host}/{path}',
        takes: ['image', 'chart'],
        credentials: { from: 'environment', name: 'HARBOR' },
        insecure: false,
        also: [],
        projects: { create: true, public: false },
        labels: false,
        scan: { mode: 'none' },
      },
    ]);
  });

  it('says all of it', () => {
    const said = `${HARBOR}, path: "mirror/{host}/{path}", takes: [charts], projects: {create: true, public: true, quota: 50GiB}, labels: true, scan: await, scanWithin: 90, connections: 4`;
    expect(parseSiteConfig(site(said), 'site.yaml').targets[0]).toMatchObject({
      path: 'mirror/{host}/{path}',
      takes: ['chart'],
      projects: { create: true, public: true, quota: 50 * 2 ** 30 },
      labels: true,
      scan: { mode: 'await', within: 90 },
      connections: 4,
    });
  });

  it.each([
    ['no credentials', HARBOR.replace(', credentials: {env: HARBOR}', ''), 'credentials: is missing'],
    ['no project', `${HARBOR}, path: "{name}"`, 'path: has no project'],
    [
      'a project that Harbor takes for none',
      `${HARBOR}, path: "a--b/{path}"`,
      'path: begins with what Harbor',
    ],
    [
      'a quota in other words',
      `${HARBOR}, projects: {quota: 50 GB}`,
      'projects.quota: must be a number of bytes',
    ],
    [
      'a quota of what is not made',
      `${HARBOR}, projects: {create: false, quota: 5}`,
      'projects: says what projects',
    ],
    [
      'a limit without a wait',
      `${HARBOR}, scan: trigger, scanWithin: 5`,
      'scanWithin: belongs to "scan: await"',
    ],
    ['a misspelled member', `${HARBOR}, projects: {qouta: 5}`, 'quota'],
    ['plain HTTP', HARBOR.replace('https:', 'http:'), 'url: is plain HTTP'],
  ])('refuses %s', (_, target, problem) => {
    expect(() => parseSiteConfig(site(target), 'site.yaml')).toThrow(problem);
  });
});
