import { digestOf } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapItem } from './map-item.ts';

const digest = digestOf('root');

describe('mapItem', () => {
  it.each([
    [
      'image',
      'docker.io/library/nginx:1.27.3',
      { kind: 'oci', repository: 'docker.io/library/nginx', tag: '1.27.3' },
    ],
    ['image', '127.0.0.1:5000/line/app:2', { kind: 'oci', repository: '127.0.0.1-5000/line/app', tag: '2' }],
    ['image', `quay.io/a/b@${digest}`, { kind: 'oci', repository: 'quay.io/a/b' }],
    ['image', `quay.io/a/b:1@${digest}`, { kind: 'oci', repository: 'quay.io/a/b', tag: '1' }],
    ['image', 'Registry.Example/a:1', { kind: 'oci', repository: 'registry.example/a', tag: '1' }],
    [
      'chart',
      'charts.example/line/app:1.2.3+build.7',
      { kind: 'oci', repository: 'charts.example/line/app', tag: '1.2.3_build.7' },
    ],
    ['git', 'github.com/Line/Infra', { kind: 'git', repository: 'github.com/Line/Infra' }],
    ['git', 'git.example:8443/infra.git', { kind: 'git', repository: 'git.example-8443/infra' }],
    ['file', 'tools/setup.txt', { kind: 'file', path: 'tools/setup.txt' }],
  ] as const)('puts %s %s where its name says', (kind, id, place) => {
    expect(mapItem({ kind, id })).toEqual(place);
  });

  it.each([
    ['image', '[::1]:5000/app:1'],
    ['image', 'docker.io/Library/nginx:1'],
    ['image', 'docker.io/library/nginx'],
    ['image', `docker.io/${'a'.repeat(250)}:1`],
    ['image', 'docker.io/../../etc:1'],
    ['image', 'docker.io/a@sha256:00'],
    ['chart', 'charts.example/app:1 2'],
    ['git', '../outside'],
    ['git', 'host//repo'],
    ['file', '/etc/passwd'],
    ['file', 'a/nul'],
  ] as const)('refuses %s %s', (kind, id) => {
    expect(() => mapItem({ kind, id })).toThrow(expect.objectContaining({ code: 'NAME_UNSAFE' }));
  });

  it('never answers with a place outside its root, whatever the id', () => {
    const kind = fc.constantFrom('image', 'chart', 'git', 'file');
    const id = fc.oneof(fc.string(), fc.stringMatching(/^[a-z./:@\\]{1,30}$/));
    fc.assert(
      fc.property(kind, id, (kind, id) => {
        const place = attempt(() => mapItem({ kind, id }));
        if (place === undefined) return;
        const path = place.kind === 'file' ? place.path : place.repository;
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
