import type { RegistryStore } from '../registry/registry-store.ts';
import { globToExpression } from './harbor-pattern.ts';

export type HarborRole = 'projectAdmin' | 'maintainer' | 'developer' | 'guest';

/** A project (swagger: Project). */
export interface HarborProject {
  readonly id: number;
  readonly name: string;
  /** Values are text, as Harbor keeps them: `{public: 'true'}`. */
  readonly metadata: Record<string, string>;
  /** Bytes; -1: no limit. */
  storageLimit: number;
  /** Of a proxy cache: the registry that it caches. */
  readonly registryId?: number;
  readonly members: Map<string, HarborRole>;
  readonly immutable: HarborRule[];
}

/** A rule about tags (swagger: ImmutableRule, RetentionRule). */
export interface HarborRule {
  readonly id: number;
  readonly disabled?: boolean;
  readonly action?: string;
  /** Of retention: `always`, `latestPushedK`, `nDaysSinceLastPush`… */
  readonly template?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly tag_selectors: readonly HarborSelector[];
  readonly scope_selectors: { readonly repository: readonly HarborSelector[] };
}

export interface HarborSelector {
  readonly kind: 'doublestar';
  readonly decoration: string;
  readonly pattern: string;
  readonly extras?: string;
}

export interface HarborRetention {
  readonly id: number;
  readonly algorithm: 'or';
  readonly rules: readonly HarborRule[];
  readonly trigger: { readonly kind: 'Schedule'; readonly settings: { readonly cron: string } };
  readonly scope: { readonly level: 'project'; readonly ref: number };
}

/** What Harbor takes as the name of a project. */
export function isProjectName(name: string): boolean {
  return name.length <= 255 && /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name);
}

/** `docker.io` of `docker.io/library/nginx`. */
export function projectIn(repository: string): string {
  return repository.split('/', 1)[0] ?? '';
}

/** Is the tag kept as it is? The first selector of each kind counts, the repository without its project. */
export function isImmutable({ immutable, name }: HarborProject, repository: string, tag: string): boolean {
  const path = repository.slice(name.length + 1);
  return immutable.some(
    ({
      disabled,
      tag_selectors: [tags],
      scope_selectors: {
        repository: [where],
      },
    }) =>
      disabled !== true &&
      where !== undefined &&
      tags !== undefined &&
      selects(where, path) &&
      selects(tags, tag),
  );
}

function selects({ decoration, pattern }: HarborSelector, value: string): boolean {
  const matches = pattern === '' || globToExpression(pattern).test(value);
  return decoration === 'matches' || decoration === 'repoMatches' ? matches : !matches;
}

/** Bytes that count against a project's quota: each blob and manifest once, whether something uses it or not. */
export function usedBytes(store: RegistryStore, project: string): number {
  return [...contentOf(store, project).values()].reduce((sum, size) => sum + size, 0);
}

export function hasContent(store: RegistryStore, project: string, digest: string): boolean {
  return contentOf(store, project).has(digest);
}

function contentOf(store: RegistryStore, project: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const name of store.names().filter((each) => projectIn(each) === project)) {
    const { blobs, manifests } = store.get(name);
    for (const [digest, { size }] of blobs) sizes.set(digest, size);
    for (const [digest, { bytes }] of manifests) sizes.set(digest, bytes.byteLength);
  }
  return sizes;
}
