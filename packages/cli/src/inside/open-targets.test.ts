import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseSiteConfig, type TrustedManifest } from '@gapferry/bundle';
import { quietRun } from '@gapferry/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Site } from './open-site.ts';
import { openTargets } from './open-targets.ts';

function siteWith(targets: string): Site {
  const text = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: site.key\ntargets:\n${targets}`;
  const config = parseSiteConfig(text, 'site.yaml');
  return { config, file: 'site.yaml', pathOf: (path: string) => resolve('/site', path) } as Site;
}

const DEPOT = '  - { name: rest, kind: depot, path: embedded }\n';

describe('the targets of a site', () => {
  it.each([
    ['are one place', `${DEPOT}  - { name: files, kind: directory, directory: ./embedded }\n`],
    ['lie in each other', `${DEPOT}  - { name: files, kind: directory, directory: embedded/files/tools }\n`],
    ['are two depots in each other', `${DEPOT}  - { name: more, kind: depot, path: embedded/git }\n`],
  ])('are refused before anything is made when two of them %s', async (_, targets) => {
    const opened = openTargets(siteWith(targets), {}, {} as TrustedManifest, quietRun());
    await expect(opened).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: 'give each target a directory of its own',
    });
  });
});

describe('what a push has unpacked in the state of the site', () => {
  const FORGE =
    '  - { name: forge, kind: git, url: "ssh://git@git.example/plant" }\n  - { name: rest, kind: depot, path: embedded }\n';
  let stateDirectory = '';
  afterEach(() => rm(stateDirectory, { recursive: true }));

  it.each([
    ['stays while somebody looks who does not hold the lock of the site', { looksOnly: true }],
    ['goes when whoever holds the lock begins: a killed run left it', {}],
  ])('%s', async (_, options) => {
    stateDirectory = await mkdtemp(join(tmpdir(), 'gapferry-'));
    const unpacked = join(stateDirectory, 'pushing/forge/1');
    await mkdir(unpacked, { recursive: true });
    const pathOf = (path: string): string => resolve(stateDirectory, path);
    const site = { ...siteWith(FORGE), stateDirectory, pathOf };
    const release = { release: { channel: 'line-a', version: '1.0.0', sequence: 1 } } as TrustedManifest;
    const { close } = await openTargets(site, {}, release, quietRun(), options);
    await close();
    expect(existsSync(unpacked)).toBe('looksOnly' in options);
  });
});
