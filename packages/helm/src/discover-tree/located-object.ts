import type { FindingPlace, ReferenceFinding } from '@gapferry/core';
import type { Overlay } from './build-kustomization.ts';
import { type Fields, groupOf, objectName } from './fields.ts';
import type { FileTree } from './file-tree.ts';
import type { TreeIdentity } from './tree-identity.ts';

/** An object as it would be applied, and the file it comes from. */
export interface LocatedObject {
  readonly object: Fields;
  readonly file: string;
  /** Overrides `Kind/name` of the object in places: an Application that an ApplicationSet makes. */
  readonly as?: string;
}

/** What could not be followed, in one sentence; nothing in the tree is left out without one. */
export interface TreeProblem {
  readonly place: FindingPlace;
  readonly message: string;
}

/** What an object of Argo CD or Flux leads to. */
export interface Leads {
  readonly references: readonly ReferenceFinding[];
  /** Directories of this tree that are deployed, with what is changed on the way. */
  readonly deployments: readonly Deployment[];
  readonly problems: readonly TreeProblem[];
}

export interface Deployment {
  readonly directory: string;
  readonly overlay: Overlay;
  /** Whether manifests in a directory without kustomization are deployed too, as Flux does; with all directories below. */
  readonly isGenerated: boolean;
}

/** What readers of objects may ask. */
export interface Surroundings {
  readonly tree: FileTree;
  readonly identity: TreeIdentity | undefined;
  readonly objects: readonly LocatedObject[];
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
