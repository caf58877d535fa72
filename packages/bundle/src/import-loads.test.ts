import type { Digest, FileContent, GitRef, OciContent } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type ItemLoads, importLoads, placeOf, type TargetRule, wantedState } from './import-loads.ts';
import { loadedAttachments } from './loaded-attachments.ts';
import type { ImageItem } from './manifest.ts';
import {
  add,
  attach,
  filterIndex,
  type SimulatedItems,
  simulatedRelease,
  verifySimulated,
} from './testing/index.ts';

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

const NGINX = 'docker.io/library/nginx:1.27';

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

  it('for a filtered image: what is reached, and not the record that nobody serves', () => {
    const release = simulatedRelease({ images: { [NGINX]: 'nginx' } });
    const upstream = filterIndex(release, NGINX);
    const [item] = release.manifest.items;
    const reached = new Set<Digest>(item.blobs.filter((digest: Digest) => digest !== upstream.digest));
    const [loads] = importLoads(
      verifySimulated(release),
      [everything],
      new Map(),
      new Map([[NGINX, reached]]),
    );
    const content = loads?.content as OciContent;
    expect(content.blobs.map((blob) => blob.digest)).not.toContain(upstream.digest);
    expect(content.blobs).toHaveLength(4);
    expect(() => importLoads(verifySimulated(release), [everything], new Map())).toThrow(
      'what image docker.io/library/nginx:1.27 reaches was not read',
    );
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
    const digest = (loads?.content as FileContent | undefined)?.files[0]?.root.digest;
    expect(loads && placeOf(loads.name)).toBe('file k3s/v1.31/k3s');
    expect(loads && wantedState(loads.name)).toEqual({ digest });
  });
});

describe('what belongs to an item', () => {
  it('goes with its content, and each tag is a name of its own after it', () => {
    const release = simulatedRelease({
      images: { [NGINX]: 'nginx' },
      charts: { 'ghcr.io/org/app:1.0.0': 'app' },
    });
    const sbom = attach(release, NGINX);
    const signature = attach(release, NGINX, { tag: 'sig', text: 'signature' });
    const chartSignature = attach(release, 'ghcr.io/org/app:1.0.0', { tag: 'sig' });
    const loads = importLoads(verifySimulated(release), [everything], new Map());
    expect(loads.map(({ name }) => placeOf(name))).toEqual([
      'oci ghcr.io/org/app:1.0.0',
      `oci ghcr.io/org/app:${chartSignature.tag}`,
      'oci docker.io/library/nginx:1.27',
      `oci docker.io/library/nginx:${signature.tag}`,
    ]);
    const [, , image, tag] = loads;
    const content = image?.content as OciContent;
    expect(content.attachments).toHaveLength(2);
    expect(content.blobs.map(({ digest }) => digest)).toEqual(
      expect.arrayContaining([sbom.root.digest, signature.root.digest]),
    );
    expect(tag).not.toHaveProperty('content');
    expect(tag?.name).toMatchObject({ phase: 'name', of: 'attachment', root: signature.root });
  });

  it('has one tag, whoever brings it', () => {
    const digest = simulatedRelease({ images: { [NGINX]: 'nginx' } }).manifest.items[0].root.digest;
    const byDigest = `docker.io/library/nginx@${digest}`;
    const release = simulatedRelease({ images: { [NGINX]: 'nginx', [byDigest]: 'nginx' } });
    const { tag } = attach(release, NGINX, { tag: 'sig' });
    attach(release, byDigest, { tag: 'sig' });
    const loads = importLoads(verifySimulated(release), [everything], new Map());
    const places = loads.map(({ name }) => placeOf(name));
    expect(places.filter((place) => place.endsWith(tag))).toHaveLength(1);
    expect(loads).toHaveLength(3);
  });

  it('stays outside of targets when it is about the index that was filtered away, with all that is about it', () => {
    const release = simulatedRelease({ images: { [NGINX]: 'nginx' } });
    const child = release.manifest.items[0].root.digest;
    const upstream = filterIndex(release, NGINX);
    const record = attach(release, NGINX, { subject: upstream.digest, tag: 'sig', text: 'of the index' });
    attach(release, NGINX, { subject: record.root.digest, text: 'about the signature' });
    const kept = attach(release, NGINX, { subject: child, tag: 'sig', text: 'of the image' });
    const [, about] = [
      kept,
      attach(release, NGINX, { subject: kept.root.digest, text: 'about what is kept' }),
    ];
    const [item] = verifySimulated(release).opened.manifest.items;
    const loaded = loadedAttachments(item as ImageItem).map(({ root }) => root.digest);
    expect(loaded.sort()).toEqual([kept.root.digest, about.root.digest].sort());
  });
});
