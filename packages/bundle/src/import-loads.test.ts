import type { Digest, FileContent, GitRef, OciContent } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type ItemLoads, importLoads, placeOf, type TargetRule, wantedState } from './import-loads.ts';
import { add, type Loose, type SimulatedItems, simulatedRelease, verifySimulated } from './testing/index.ts';

const everything: TargetRule = { name: 'depot', takes: ['image', 'chart', 'git', 'file'] };

function loadsOf(items: SimulatedItems, rules: readonly TargetRule[] = [everything]): ItemLoads[] {
  return importLoads(verifySimulated(simulatedRelease(items)), rules, new Map());
}

describe('where items go', () => {
  it('to the first target that takes their kind, in manifest order', () => {
    const rules: TargetRule[] = [
      { name: 'harbor', takes: ['image'] },
      { name: 'depot', takes: ['image', 'chart', 'file'] },
    ];
    const loads = loadsOf(
      { images: { 'docker.io/a/b:1': 'b' }, charts: { 'ghcr.io/c:1.0.0': 'c' }, files: { f: 'f' } },
      rules,
    );
    expect(loads.map(({ target, item }) => [item.kind, target])).toEqual([
      ['chart', 'depot'],
      ['file', 'depot'],
      ['image', 'harbor'],
    ]);
  });

  it('nowhere when no target takes them, and that is said with the line to add', () => {
    expect(() =>
      loadsOf({ git: { 'git.example/a': { main: 'a'.repeat(40) } } }, [{ name: 'harbor', takes: ['image'] }]),
    ).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('git git.example/a'),
        hint: expect.stringContaining('"git"'),
      }),
    );
  });
});

describe('what a target is asked to hold', () => {
  it('for an image: every blob with its size, then the tag', () => {
    const [loads] = loadsOf({ images: { 'docker.io/library/nginx:1.27': 'nginx' } });
    const content = loads?.content as OciContent;
    expect(content).toMatchObject({ phase: 'content', kind: 'oci', repository: 'docker.io/library/nginx' });
    expect(content.blobs).toHaveLength(3);
    expect(content.blobs.every((blob) => blob.size > 0)).toBe(true);
    expect(loads?.name).toMatchObject({ phase: 'name', of: 'image', tag: '1.27', root: content.root });
  });

  it('for an image pinned by digest: no tag', () => {
    const release = simulatedRelease({ images: { 'docker.io/library/nginx:1.27': 'nginx' } });
    const root: Digest = release.manifest.items[0].root.digest;
    release.manifest.items[0].id = `docker.io/library/nginx@${root}`;
    const [loads] = importLoads(verifySimulated(release), [everything], new Map());
    expect(loads?.name).not.toHaveProperty('tag');
    expect(loads && placeOf(loads.name)).toBe(`oci docker.io/library/nginx@${root}`);
  });

  it('for a filtered image: not the upstream index, which stays a record', () => {
    const release = simulatedRelease({ images: { 'docker.io/library/nginx:1.27': 'nginx' } });
    const index = add(release.blobs, 'the upstream index');
    const [item] = release.manifest.items;
    item.upstream = index.digest;
    item.upstreamIndex = { mediaType: 'application/vnd.oci.image.index.v1+json', ...index };
    item.blobs = [...item.blobs, index.digest].sort();
    release.manifest.blobs = [...release.manifest.blobs, index].sort((a: Loose, b: Loose) =>
      a.digest < b.digest ? -1 : 1,
    );
    const [loads] = importLoads(verifySimulated(release), [everything], new Map());
    const content = loads?.content as OciContent;
    expect(content.blobs.map((blob) => blob.digest)).not.toContain(index.digest);
    expect(content.blobs).toHaveLength(3);
  });

  it("for a chart: Helm's tag, which has _ for +", () => {
    const [loads] = loadsOf({ charts: { 'ghcr.io/org/app:1.0.0+build.5': 'app' } });
    expect(loads?.name).toMatchObject({ of: 'chart', repository: 'ghcr.io/org/app', tag: '1.0.0_build.5' });
  });

  it('for Git: packs in their order and refs, below a name that is safe on disk', () => {
    const [loads] = loadsOf({
      git: { 'git.example:8443/ops': { main: 'a'.repeat(40), next: 'b'.repeat(40) } },
    });
    expect(loads?.content).toMatchObject({
      kind: 'git',
      repository: 'git.example-8443/ops',
      objectFormat: 'sha1',
    });
    expect(loads?.content).toHaveProperty('packs.length', 1);
    expect(loads?.name).toMatchObject({ head: 'refs/heads/main' });
    expect(loads && wantedState(loads.name)).toEqual({
      'refs/heads/main': 'a'.repeat(40),
      'refs/heads/next': 'b'.repeat(40),
    });
  });

  it('for Git with a list of refs: what the list says, and never silently nothing', () => {
    const release = simulatedRelease({ git: { 'git.example/ops': { main: 'a'.repeat(40) } } });
    const list = add(release.blobs, 'a list');
    const [item] = release.manifest.items;
    item.refs = { list: { mediaType: 'application/json', ...list } };
    item.blobs = [list.digest];
    delete item.head;
    release.manifest.blobs = [list];
    const refs: GitRef[] = [{ name: 'refs/heads/x', oid: 'c'.repeat(40) }];
    const [loads] = importLoads(verifySimulated(release), [everything], new Map([['git.example/ops', refs]]));
    expect(loads?.content).toMatchObject({ refs });
    expect(() => importLoads(verifySimulated(release), [everything], new Map())).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  it('for a file: its path', () => {
    const [loads] = loadsOf({ files: { 'k3s/v1.31/k3s': 'binary' } });
    const digest = (loads?.content as FileContent | undefined)?.root.digest;
    expect(loads && placeOf(loads.name)).toBe('file k3s/v1.31/k3s');
    expect(loads && wantedState(loads.name)).toEqual({ digest });
  });
});
