import { type JsonLimits, parseJson, type RepositoryAbout, toRepositoryAbout } from '@gapferry/core';
import type { RepositoryApi } from './api-address.ts';

const LIMITS: JsonLimits = { maxBytes: 4 << 20, maxDepth: 64 };

/** What is read of an answer at most. */
export const MOST_BYTES: number = LIMITS.maxBytes;

/** What the JSON of a repository says; `topics` undefined where it does not say any (Gitea before 1.23, Forgejo): they are asked for by themselves. Throws `JSON_INVALID`, `LIMIT_EXCEEDED`. */
export function readAbout(
  api: RepositoryApi,
  bytes: Uint8Array,
  what: string,
): { readonly about: RepositoryAbout; readonly hasTopics: boolean } | undefined {
  const value = objectIn(parseJson(bytes, what, LIMITS));
  if (value === undefined) return undefined;
  const { description, topics } = value;
  // GitLab knows no homepage.
  const homepage = { github: value['homepage'], gitea: value['website'], gitlab: undefined }[api];
  return {
    about: toRepositoryAbout({ description, homepage, topics }),
    hasTopics: api !== 'gitea' || Array.isArray(topics),
  };
}

/** Gitea's `repoListTopics`. */
export function readTopics(bytes: Uint8Array, what: string): Pick<RepositoryAbout, 'topics'> {
  const { topics } = objectIn(parseJson(bytes, what, LIMITS)) ?? {};
  return toRepositoryAbout({ topics });
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
