import { type ChartWish, type ProvenanceDemand, parseImageReference, repositoryOf } from '@gapferry/core';
import { z } from 'zod';
import { type ChartChoices, chartChoices, toChartChoices } from './chart-choices.ts';
import { entryProblem } from './entry-problem.ts';
import { entryPath, entryText } from './entry-schemas.ts';
import { demandsOn, type UpstreamEntry, type VerifyEntry, verifyEntry } from './upstream-entry.ts';
import { webUrl } from './web-url.ts';

/** One of `charts` in bundle.yaml. */
export type ChartEntry = RegistryEntry | RepositoryEntry | PlaceEntry;

interface ForAll extends ChartChoices {
  readonly provenance?: ProvenanceDemand | undefined;
}

interface RegistryEntry extends ForAll {
  readonly oci: string;
  readonly version: string;
  readonly verify?: VerifyEntry | undefined;
}

interface RepositoryEntry extends ForAll {
  readonly repo: string;
  readonly name: string;
  readonly version: string;
}

interface PlaceEntry extends ForAll {
  readonly chart: string;
  readonly as: string;
}

const forAll = { provenance: z.strictObject({ keyring: entryPath }).optional(), ...chartChoices };

export const chartEntry: z.ZodType<ChartEntry> = z.union([
  z.strictObject({ oci: entryText, version: entryText, verify: verifyEntry.optional(), ...forAll }),
  z.strictObject({ repo: entryText, name: entryText, version: entryText, ...forAll }),
  z.strictObject({ chart: entryPath, as: entryText, ...forAll }),
]);

export function toChartWish(entry: ChartEntry, upstream: readonly UpstreamEntry[]): ChartWish {
  const chosen = {
    ...(entry.provenance !== undefined && { provenance: entry.provenance }),
    ...toChartChoices(entry),
  };
  if ('oci' in entry) {
    const ref = chartRepository(
      entry.oci,
      '"oci" names a repository; the version stands in "version" alone',
      'oci',
    );
    return {
      kind: 'chart',
      from: 'oci',
      ref,
      version: entry.version,
      ...demandsOn(ref, entry.verify, upstream),
      ...chosen,
    };
  }
  if ('chart' in entry) {
    const ref = chartRepository(entry.as, '"as" is host/path; the version is the chart\'s own', 'as');
    return { kind: 'chart', from: 'local', path: entry.chart, ref, ...chosen };
  }
  return {
    kind: 'chart',
    from: 'repository',
    url: webUrl(entry.repo, 'repo').replace(/\/+$/, ''),
    name: entry.name,
    version: entry.version,
    ...chosen,
  };
}

function chartRepository(text: string, withoutVersion: string, member: string): string {
  const name = text.replace(/^oci:\/\//, '');
  if (/@|:[^/]*$/.test(name)) throw entryProblem(withoutVersion, member);
  return repositoryOf(parseImageReference(name));
}
