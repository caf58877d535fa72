import { type ChartWish, parseImageReference, repositoryOf } from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryText } from './entry-schemas.ts';
import { demandsOn, type UpstreamEntry, type VerifyEntry, verifyEntry } from './upstream-entry.ts';
import { webUrl } from './web-url.ts';

/** One of `charts` in bundle.yaml. */
export type ChartEntry = RegistryEntry | RepositoryEntry;

interface RegistryEntry {
  readonly oci: string;
  readonly version: string;
  readonly verify?: VerifyEntry | undefined;
}

interface RepositoryEntry {
  readonly repo: string;
  readonly name: string;
  readonly version: string;
}

export const chartEntry: z.ZodType<ChartEntry> = z.union([
  z.strictObject({ oci: entryText, version: entryText, verify: verifyEntry.optional() }),
  z.strictObject({ repo: entryText, name: entryText, version: entryText }),
]);

export function toChartWish(entry: ChartEntry, upstream: readonly UpstreamEntry[]): ChartWish {
  if ('oci' in entry) {
    const name = entry.oci.replace(/^oci:\/\//, '');
    if (/@|:[^/]*$/.test(name))
      throw entryProblem('"oci" names a repository; the version stands in "version" alone', 'oci');
    const ref = repositoryOf(parseImageReference(name));
    return {
      kind: 'chart',
      from: 'oci',
      ref,
      version: entry.version,
      ...demandsOn(ref, entry.verify, upstream),
    };
  }
  return {
    kind: 'chart',
    from: 'repository',
    url: webUrl(entry.repo, 'repo').replace(/\/+$/, ''),
    name: entry.name,
    version: entry.version,
  };
}
