/** How sure it is that a finding is an image that will be pulled. `certain`: a known field of a known kind says so. `likely`: its form and its place say so, upstream must confirm it.
 *  `possible`: it looks like one, or belongs to something that is switched off. */
export type Confidence = 'certain' | 'likely' | 'possible';

/** Where in the content an image was found. */
export type DiscoveryMethod =
  /** A container of a Pod template in a kind of Kubernetes itself, or an image volume. */
  | 'pod-template'
  /** A known field of a known custom resource. */
  | 'custom-resource'
  /** A container's command or arguments. */
  | 'argument'
  /** A container's environment. */
  | 'environment'
  | 'config-map'
  /** `artifacthub.io/images`, `helm.sh/images`. */
  | 'annotation'
  /** values.yaml, of what is switched off. */
  | 'values'
  | 'kustomization';

/** An image that content of a release names. */
export interface ImageFinding {
  /** As it is written there, without white space around it. */
  readonly reference: string;
  readonly method: DiscoveryMethod;
  readonly confidence: Confidence;
  readonly place: FindingPlace;
}

export interface FindingPlace {
  /** As its owner names it: `historian/templates/deployment.yaml`, `overlays/prod/kustomization.yaml`. */
  readonly file: string;
  /** `Deployment/historian`, where it is part of a Kubernetes object. */
  readonly object?: string;
  /** Members with dots, positions in brackets: `spec.template.spec.containers[0].image`. */
  readonly path: string;
}

/** One line for people: `historian/templates/deployment.yaml: Deployment/historian: spec.template.spec.containers[0].image`. */
export function describePlace({ file, object, path }: FindingPlace): string {
  return [file, ...(object === undefined ? [] : [object]), path].join(': ');
}
