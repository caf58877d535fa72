import {
  type ImageReference,
  matchesGlob,
  parseImageReference,
  repositoryOf,
  toDirectoryName,
} from '@gapferry/core';
import { z } from 'zod';
import { itemNames } from './item-names.ts';
import type { ChartItem, ImageItem } from './manifest.ts';

/** Does a pattern that demands something fit a name? What has the same name inside is the same: a sender must not get around a demand by another spelling. So hosts have no case,
 *  their `:` is `-`, and `+` is `_`. Patterns that allow something are narrower (`matchesGlob`). */
export function matchesDemand(pattern: string, name: string): boolean {
  return matchesGlob(pattern, name) || matchesGlob(asInside(pattern), asInside(name));
}

/** What patterns of demands are held against: the names for `allow`, and where a digest stands behind a tag the name that it gets, without the digest. */
export function demandedNames(item: ImageItem | ChartItem): string[] {
  if (item.kind === 'chart') return itemNames(item);
  const reference = parseImageReference(item.id);
  return [...itemNames(item), ...taggedName(reference)];
}

function taggedName(reference: ImageReference): string[] {
  const { tag, digest } = reference;
  return tag === undefined || digest === undefined ? [] : [`${repositoryOf(reference)}:${tag}`];
}

function asInside(text: string): string {
  const host = text.slice(0, Math.max(text.indexOf('/'), 0));
  return `${toDirectoryName(host.toLowerCase())}${text.slice(host.length).replaceAll('+', '_')}`;
}

/** A pattern that can fit a full name of an image or chart: one that never does would be a demand that nobody notices to be missing. */
export const demandPattern: z.ZodType<string, string> = patternUnless(whyNever);

/** The same for Git repositories; those that are reached by a file URL are named `file/…`. */
export const repositoryPattern: z.ZodType<string, string> = patternUnless((pattern) => {
  if (pattern.startsWith('file/')) return undefined;
  if (/^[^/]*@/.test(pattern)) return 'fits no name: write host/path, without a user';
  return whyNever(pattern);
});

function patternUnless(why: (pattern: string) => string | undefined): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .max(500)
    .superRefine((pattern, context) => {
      const message = why(pattern);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
}

function whyNever(pattern: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(pattern)) return 'fits no name: write host/path, without a scheme';
  const slash = pattern.indexOf('/');
  const host = slash < 0 ? pattern : pattern.slice(0, slash);
  if (host.includes('**')) return undefined;
  if (/^index\.docker\.io$/i.test(host)) return 'fits no name: what is on Docker Hub is named docker.io/…';
  const isHost = slash >= 0 && (host === 'localhost' || /[.:*A-Z]/.test(host));
  return isHost ? undefined : 'fits no name: write it with its host, for example docker.io/library/nginx';
}
