import { digestOf, type Load, MEDIA_TYPES } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapItem } from './map-item.ts';

const digest = digestOf('root');
const root = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 4 };
const image = (repository: string, tag?: string): Load => ({
  phase: 'name',
  kind: 'oci',
  of: 'image',
  item: repository,
  repository,
  root,
  ...(tag !== undefined && { tag }),
});
const git = (repository: string): Load => ({
  phase: 'name',
  kind: 'git',
  item: repository,
  repository,
  refs: [],
});
const file = (path: string): Load => ({
  phase: 'name',
  kind: 'file',
  item: path,
  path,
  files: [{ path, root }],
});

describe('mapItem', () => {
  it.each([
    [image('docker.io/library/nginx', '1.27.3'), 'docker.io/library/nginx:1.27.3'],
    [image('127.0.0.1:5000/line/app', '2'), '127.0.0.1-5000/line/app:2'],
    [image('Registry.Example/a', '1'), 'registry.example/a:1'],
    [image('quay.io/a/b'), `quay.io/a/b@${digest}`],
  ])('names an image as upstream does', (load, name) => {
    expect(mapItem(load)).toEqual({ kind: 'oci', name });
  });

  it.each([
    [git('github.com/Line/Infra'), 'git/github.com/Line/Infra.git'],
    [git('git.example:8443/infra.git'), 'git/git.example-8443/infra.git'],
    [file('tools/setup.txt'), 'files/tools/setup.txt'],
    [file('tools/'), 'files/tools'],
  ])('puts repositories and files where their names say', (load, path) => {
    expect(mapItem(load)).toEqual({ kind: load.kind, path });
  });

  it.each([
    image('[::1]:5000/app', '1'),
    image('docker.io/Library/nginx', '1'),
    image(`docker.io/${'a'.repeat(250)}`, '1'),
    image('docker.io/../../etc', '1'),
    image('docker.io/app', 'a b'),
    image('docker.io/app', 'a/b'),
    image('docker.io/app', ''),
    git('../outside'),
    git('host//repo'),
    git(''),
    git('.git'),
    git('host/a.git/b'),
    file('/etc/passwd'),
    file('a/nul'),
    file('/'),
    file('a//'),
  ])('refuses what has no safe place', (load) => {
    expect(() => mapItem(load)).toThrow(expect.objectContaining({ code: 'NAME_UNSAFE' }));
  });

  it('never answers with a place outside its root, whatever the name', () => {
    const make = fc.constantFrom(image, git, file);
    const name = fc.oneof(fc.string(), fc.stringMatching(/^[a-z./:@\\]{1,30}$/));
    fc.assert(
      fc.property(make, name, (make, name) => {
        const place = attempt(() => mapItem(make(name)));
        if (place === undefined) return;
        const path = place.kind === 'oci' ? place.name.replace(/@sha256:.*$/, '') : place.path;
        expect(path.split('/')).not.toContain('..');
        expect(path).not.toMatch(/^\/|[:\\\0]/);
      }),
    );
  });
});

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
