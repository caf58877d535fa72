import { resolve } from 'node:path';
import { parseSiteConfig, type TrustedManifest } from '@gapferry/bundle';
import { canPrune, hasHostNotes, hasPreflight, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { Site } from './open-site.ts';
import { openTargets } from './open-targets.ts';

const TARGETS = `
  - {name: store, kind: s3, takes: [files], endpoint: "http://127.0.0.1:9", bucket: releases, credentials: {env: NOBODY}}
  - {name: forge, kind: gitea, url: "http://127.0.0.1:9", credentials: {env: FORGE}, ca: nowhere.pem}
`;

function site(): Site {
  const text = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: site.key\ntargets:${TARGETS}`;
  const pathOf = (path: string): string => resolve('/nowhere/site', path);
  const config = parseSiteConfig(text, 'site.yaml');
  return { config, file: 'site.yaml', pathOf, stateDirectory: '/nowhere/state' } as Site;
}

describe('a target that cannot be opened', () => {
  it('says why to whoever asks it, and keeps no other from being opened', async () => {
    const release = { release: { channel: 'a', version: '1', sequence: 1 } } as TrustedManifest;
    const { targets, close } = await openTargets(site(), { FORGE: 'a:b' }, release, quietRun());
    expect([...targets.keys()]).toEqual(['store', 'forge']);
    for (const [name, target] of targets) {
      if (!hasPreflight(target) || !canPrune(target)) throw new Error('it has nothing to say it with');
      await expect(target.preflight([], quietRun())).rejects.toMatchObject({ category: 'usage' });
      await expect(target.preflight([], quietRun())).rejects.toThrow(name);
      await expect(target.prunable({} as never, quietRun())).rejects.toThrow(name);
      expect(hasHostNotes(target)).toBe(false);
    }
    await close();
  });
});
