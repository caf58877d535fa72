import { resolve } from 'node:path';
import { parseSiteConfig, type TrustedManifest } from '@gapferry/bundle';
import { quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
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
