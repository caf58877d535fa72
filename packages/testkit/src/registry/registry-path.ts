import { RegistryError } from './registry-error.ts';

/** What a path below `/v2/` asks for. */
export type RegistryPath =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: string }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string };

/** Repository and tag grammar of the distribution-spec. */
const NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

const ROUTES: ReadonlyArray<readonly [RegExp, (name: string, rest: string) => RegistryPath]> = [
  [/^\/v2\/(.+)\/blobs\/uploads\/?()$/, (name) => ({ kind: 'uploads', name })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (name, id) => ({ kind: 'upload', name, id })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (name, digest) => ({ kind: 'blob', name, digest })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (name, reference) => ({ kind: 'manifest', name, reference })],
  [/^\/v2\/(.+)\/tags\/list()$/, (name) => ({ kind: 'tags', name })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (name, digest) => ({ kind: 'referrers', name, digest })],
];

/** Undefined: no such endpoint. Throws `NAME_INVALID`. */
export function parseRegistryPath(path: string): RegistryPath | undefined {
  if (path === '/v2' || path === '/v2/') return { kind: 'base' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  for (const [pattern, make] of ROUTES) {
    const match = pattern.exec(path);
    if (match?.[1] === undefined) continue;
    if (!NAME.test(match[1]) || match[1].length > 255)
      throw new RegistryError('NAME_INVALID', 'invalid repository name', { name: match[1] });
    return make(match[1], match[2] ?? '');
  }
  return undefined;
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}
