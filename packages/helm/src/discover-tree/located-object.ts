import type { FindingPlace, GitFinding, ImageOverride, ReferenceFinding, TreeFault } from '@gapferry/core';
import type { Overlay } from './build-kustomization.ts';
import { type Fields, field, groupOf, objectName, textAt } from './fields.ts';
import type { Reading } from './reading.ts';
import type { TreeIdentity } from './tree-identity.ts';

/** An object as it would be applied, and the file it comes from. */
export interface LocatedObject {
  readonly object: Fields;
  readonly file: string;
  /** Overrides `Kind/name` of the object in places: an Application that an ApplicationSet makes. */
  readonly as?: string;
}

/** What an object of Argo CD or Flux leads to. */
export interface Leads {
  readonly references: readonly ReferenceFinding[];
  /** Directories of this tree that are deployed, with what is changed on the way. */
  readonly deployments: readonly Deployment[];
  /** What could not be followed; nothing in the tree is left out without one. */
  readonly problems: readonly TreeFault[];
}

export interface Deployment {
  readonly directory: string;
  readonly overlay: Overlay;
  /** Which manifests of a directory without kustomization are deployed; none where it is absent. */
  readonly manifests?: NonNullable<GitFinding['manifests']>;
  /** `images:` of kustomizations that have it as a base, in the order they are applied. */
  readonly around?: readonly ImageOverride[];
}

/** What readers of objects may ask. */
export interface Surroundings {
  readonly reading: Reading;
  readonly identity: TreeIdentity | undefined;
  readonly files: readonly string[];
  /** By `Kind/name`; at most a thousand of the same. */
  readonly objects: ReadonlyMap<string, readonly LocatedObject[]>;
  /** `Kind/name` that a HelmRelease has as its `chartRef`. */
  readonly chartRefs: ReadonlySet<string>;
}

const MOST_NAMESAKES = 1_000;

export function surroundingsOf(
  objects: readonly LocatedObject[],
  rest: Pick<Surroundings, 'reading' | 'identity' | 'files'>,
): Surroundings {
  const named = new Map<string, LocatedObject[]>();
  const chartRefs = new Set<string>();
  for (const located of objects) {
    const key = objectName(located.object);
    const same = named.get(key) ?? [];
    if (same.length < MOST_NAMESAKES) same.push(located);
    named.set(key, same);
    const chart = field(located.object, 'spec', 'chartRef');
    if (chart !== undefined) chartRefs.add(`${textAt(chart, 'kind')}/${textAt(chart, 'name')}`);
  }
  return { ...rest, objects: named, chartRefs };
}

export const NOWHERE: Leads = { references: [], deployments: [], problems: [] };

export function placeOf({ object, file, as }: LocatedObject, path: string): FindingPlace {
  return { file, object: as ?? objectName(object), path };
}

export function isKind({ object }: LocatedObject, group: string, ...kinds: readonly string[]): boolean {
  return groupOf(object) === group && kinds.includes(String(object['kind']));
}

export function joinLeads(leads: readonly Leads[]): Leads {
  return {
    references: leads.flatMap(({ references }) => references),
    deployments: leads.flatMap(({ deployments }) => deployments),
    problems: leads.flatMap(({ problems }) => problems),
  };
}

/** A placeholder that nothing has filled in: Helm's, Argo CD's, or one of Flux's substitutions. */
export function hasPlaceholder(value: unknown): boolean {
  return /\{\{|\$\{/.test(JSON.stringify(value) ?? '');
}
