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
  /** A chart's values.yaml or template, of what is switched off. */
  | 'values'
  | 'kustomization'
  /** An entry of `.gitmodules`, of what a commit has checked out. */
  | 'submodule';

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

/** Where a release names an image: a record in lock and manifest. */
export interface NamedBy extends FindingPlace {
  /** Kind and id of the item whose content names it: `chart charts.example.org/historian:4.2.1`. */
  readonly item: string;
  readonly method: DiscoveryMethod;
}

/** The order in which `namedBy` is written: by item, file, object, path, method. */
export function byNaming(a: NamedBy, b: NamedBy): number {
  const [first, second] = [namingKey(a), namingKey(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** Equal for equal records. A member that is absent sorts first. */
function namingKey({ item, file, object = '', path, method }: NamedBy): string {
  return [item, file, object, path, method].join('\n');
}

/** `historian/templates/deployment.yaml: Deployment/historian: spec.… of chart charts.example.org/historian:4.2.1`. */
export function describeNaming(naming: NamedBy): string {
  return `${describePlace(naming)} of ${naming.item}`;
}

/** Content that other content points to: what a line of bundle.yaml would wish for. Of the discovery, not yet a wish: places and open points come along. */
export type ReferenceFinding = ChartFinding | GitFinding | ArtifactFinding | ImageNameFinding | FileFinding;

interface Reference {
  readonly place: FindingPlace;
  /** `certain`: everything is said literally. `likely`: what is in `open` may change it. `possible`: a placeholder is left in it, or nothing installs it as it lies there. */
  readonly confidence: Confidence;
  /** What the content alone does not say, one sentence each: values of a Secret, a generator that asks a cluster. */
  readonly open?: readonly string[];
}

/** A chart that is to be installed, with all that decides which images it names. Optional members are absent where nothing is said. */
export interface ChartFinding extends Reference {
  readonly kind: 'chart';
  readonly source: ChartPlace;
  /** An exact version or a range, as written; absent: the newest, or whatever lies there. */
  readonly version?: string;
  readonly release?: string;
  readonly namespace?: string;
  /** Later ones win. */
  readonly values?: readonly FoundValues[];
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
  /** `images:` of kustomizations around the chart, in the order they are applied. */
  readonly images?: readonly ImageOverride[];
}

export type ChartPlace =
  /** A classic repository: its base URL without trailing slash. */
  | { readonly from: 'repository'; readonly url: string; readonly name: string }
  /** `host/path` of the chart in an OCI registry. */
  | { readonly from: 'oci'; readonly ref: string }
  | { readonly from: 'git'; readonly url: string; readonly revision?: GitRevision; readonly path: string }
  /** A directory of the tree that was looked at. */
  | { readonly from: 'tree'; readonly path: string };

export type FoundValues =
  /** YAML or JSON. */
  | { readonly from: 'inline'; readonly content: string }
  /** A file of the chart itself, by its path from the chart's directory. It may lead out of that (`../values.yaml`) where the chart lies in a repository. `optional`: it counts where there is one. */
  | { readonly from: 'chart'; readonly path: string; readonly optional?: true }
  | { readonly from: 'tree'; readonly path: string }
  | { readonly from: 'git'; readonly url: string; readonly revision?: GitRevision; readonly path: string }
  | { readonly from: 'url'; readonly url: string }
  /** As `--set name=value`, or with `text` as `--set-string`. */
  | { readonly from: 'parameter'; readonly name: string; readonly value: string; readonly text: boolean };

/** `name`: a branch, a tag or a commit, the content does not say which. */
export interface GitRevision {
  readonly as: 'branch' | 'tag' | 'commit' | 'semver' | 'ref' | 'name';
  readonly text: string;
}

export interface GitFinding extends Reference {
  readonly kind: 'git';
  /** As written. */
  readonly url: string;
  /** Absent: upstream's default branch. */
  readonly revision?: GitRevision;
  /** The directory that is deployed from it, `.` for its root. Absent: this alone deploys nothing of it, other objects name what they take. */
  readonly path?: string;
  /** Which manifests of a directory count that has no kustomization: those in it (`here`), with all below (`below`), both as Argo CD takes them, where a chart goes before them; or those that Flux
   *  generates a kustomization of (`generated`). Absent: none, there must be a kustomization. */
  readonly manifests?: 'here' | 'below' | 'generated';
  readonly images?: readonly ImageOverride[];
  /** It is a submodule: `url` is the whole address, whatever is written, and `revision` the commit. */
  readonly submodule?: SubmoduleFinding;
}

export interface SubmoduleFinding {
  /** Why nobody is asked for its address, which is as written then. */
  readonly refused?: string;
}

/** An artifact in an OCI registry that is neither image nor chart: manifests of Flux or Argo CD. */
export interface ArtifactFinding extends Reference {
  readonly kind: 'oci-artifact';
  /** `host/path` without tag and digest. */
  readonly ref: string;
  readonly tag?: string;
  readonly semver?: string;
  readonly digest?: string;
  /** The directory that is deployed from it, `.` for its root; absent: this alone deploys nothing of it. */
  readonly path?: string;
  /** As for repositories. */
  readonly manifests?: GitFinding['manifests'];
  readonly images?: readonly ImageOverride[];
}

/** An image that an object names which is no workload: `images` of an Application, an ImageRepository. */
export interface ImageNameFinding extends Reference {
  readonly kind: 'image';
  readonly reference: string;
}

/** One file over HTTP. */
export interface FileFinding extends Reference {
  readonly kind: 'file';
  readonly url: string;
}

/** One of kustomize's `images`: what `name` matches gets the other members. */
export interface ImageOverride {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
  readonly tagSuffix?: string;
}
