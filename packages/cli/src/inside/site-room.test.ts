import { mkdir } from 'node:fs/promises';
import { parseSiteConfig, type SurveyedLoads } from '@gapferry/bundle';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Site } from './open-site.ts';
import { siteRoom } from './site-room.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
  await mkdir(home.join('depot'));
});
afterEach(() => home.remove());

function siteWith(...targets: readonly string[]): Site {
  const lines = targets.map((target) => `  - ${target}\n`).join('');
  const text = `format: gapferry.site/1\nname: plant-7\ntrust: t\nkey: k\ntargets:\n${lines}`;
  return {
    config: parseSiteConfig(text, 'site.yaml'),
    file: 'site.yaml',
    trustFile: 't',
    keyFile: 'k',
    stateDirectory: home.path,
    pathOf: (path) => home.join(path),
  };
}

function repository(
  target: string,
  size: number,
  name: 'absent' | 'same',
  content = 'absent',
): SurveyedLoads {
  const packs = [{ digest: `sha256:${'a'.repeat(64)}`, size, prerequisites: [] }];
  return {
    target,
    content: { phase: 'content', kind: 'git', packs },
    contentPresence: { state: content, missingBytes: size },
    namePresence: name === 'same' ? { state: 'same' } : { state: 'absent', missingBytes: 0 },
  } as unknown as SurveyedLoads;
}

const GIT = (name: string): string =>
  `{name: ${name}, kind: git, url: "https://${name}.example", takes: [git]}`;

describe('the room that a site needs below its state', () => {
  it('is that of packs of repositories that are new at Git hosts', async () => {
    const loads = [
      repository('forge', 100, 'absent'),
      repository('forge', 20, 'absent'),
      // It changes: the survey unpacked it.
      repository('forge', 1000, 'same'),
      // All of it is there.
      repository('forge', 5000, 'absent', 'same'),
      repository('other', 3, 'absent'),
    ];
    const [room, ...more] = await siteRoom(siteWith(GIT('forge'), GIT('other')), loads);
    expect(room).toMatchObject({ target: 'forge, other', on: home.path, needed: 123 });
    expect(room?.free).toBeGreaterThan(0);
    expect(more).toEqual([]);
  });

  it('is none for an embedded depot on the same disk, and where no repository is sent', async () => {
    const depot = siteWith('{name: here, kind: depot, path: depot}');
    expect(await siteRoom(depot, [repository('here', 100, 'absent')])).toEqual([]);
    expect(await siteRoom(siteWith(GIT('forge')), [])).toEqual([]);
  });
});
