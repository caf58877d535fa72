import { describe, expect, it } from 'vitest';
import { formatImageReference, parseImageReference } from './image-reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseImageReference', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['bitnami/redis', 'docker.io/bitnami/redis:latest'],
    ['docker.io/nginx:1', 'docker.io/library/nginx:1'],
    ['index.docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
    ['localhost/x:1', 'localhost/x:1'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    ['127.0.0.1:5000/a/b/c:v1', '127.0.0.1:5000/a/b/c:v1'],
    ['[::1]:5000/a:1', '[::1]:5000/a:1'],
    ['ghcr.io/org/app_x/y-z__w:1.2.3-rc.1', 'ghcr.io/org/app_x/y-z__w:1.2.3-rc.1'],
    [`quay.io/a/b@${digest}`, `quay.io/a/b@${digest}`],
    [`quay.io/a/b:1@${digest}`, `quay.io/a/b:1@${digest}`],
  ])('spells %s out as %s', (short, full) => {
    expect(formatImageReference(parseImageReference(short))).toBe(full);
    expect(formatImageReference(parseImageReference(full))).toBe(full);
  });

  it.each([
    '',
    ':1',
    'docker.io/Nginx',
    'a//b',
    'a/../b',
    '/a',
    'a/',
    'a:',
    'a:-x',
    `a:${'x'.repeat(129)}`,
    'a@sha256:12',
    `a@sha512:${'a'.repeat(128)}`,
    `a@${digest}@${digest}`,
    'https://docker.io/a',
    'user@host/a',
    'a b',
    'a\n',
    'a:1\u202e',
    `${'a/'.repeat(130)}b`,
  ])('refuses %j', (text) => {
    expect(() => parseImageReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  });
});
