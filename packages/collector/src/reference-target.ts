import {
  type BundleConfig,
  discoveredArtifactWish,
  discoveredChartWish,
  discoveredGitWish,
  type NormalizeGitUrl,
} from '@gapferry/bundle';
import {
  type ArtifactFinding,
  type ChartFinding,
  type ChartWish,
  chartIdentity,
  type FoundValues,
  GapferryError,
  type GitFinding,
  type GitRevision,
  gitIdentity,
  type ImageOverride,
  type ImageWish,
  isGapferryError,
  type ReferenceFinding,
  type RenderingInput,
  type RenderingValues,
  type TreeEntry,
} from '@gapferry/core';

/** What a reference asks for, as far as its content says it. `name`: its id in a release, without version where that is not said. */
export type ReferenceTarget = ChartTarget | GitTarget | ArtifactTarget | NoTarget;

export interface ChartTarget {
  readonly kind: 'chart';
  readonly name: string;
  readonly wish: ChartWish;
  readonly rendering: RenderingInput;
  readonly overrides: readonly ImageOverride[];
  /** What of its values nobody applies. */
  readonly open: readonly string[];
  /** Why it is not asked for. */
  readonly refused?: string;
}

export interface GitTarget {
  readonly kind: 'git';
  /** Of the repository: one for all ways to write its address. */
  readonly name: string;
  readonly url: string;
  readonly revision: GitRevision | undefined;
  /** What points into it, with `url` and `revision`. */
  readonly entry: TreeEntry;
  /** As for charts. */
  readonly refused?: string;
}

export interface ArtifactTarget {
  readonly kind: 'image';
  readonly name: string;
  readonly wish: ImageWish;
  readonly finding: ArtifactFinding;
}

/** Nothing to ask upstream for. */
export interface NoTarget {
  readonly kind: 'none';
  /** `image`: it is found as an image. `file`: it needs a digest. */
  readonly because: 'here' | 'image' | 'file';
}

/** Throws `REFERENCE_INVALID` for what cannot be wished for. */
export function referenceTarget(
  reference: ReferenceFinding,
  config: BundleConfig,
  normalize: NormalizeGitUrl,
): ReferenceTarget {
  switch (reference.kind) {
    case 'chart':
      return chartTarget(reference, config, normalize);
    case 'git':
      return gitTarget(reference, reference, normalize);
    case 'oci-artifact':
      return artifactTarget(reference, config);
    case 'image':
    case 'file':
      return { kind: 'none', because: reference.kind };
  }
}

function chartTarget(
  finding: ChartFinding,
  config: BundleConfig,
  normalize: NormalizeGitUrl,
): ChartTarget | GitTarget | NoTarget {
  const { source, version, images: overrides = [], release, namespace, kubeVersion, apiVersions } = finding;
  if (source.from === 'tree') return { kind: 'none', because: 'here' };
  if (source.from === 'git') return gitTarget(finding, source, normalize);
  const { url, credentials } = withoutCredentials(source.from === 'repository' ? source.url : '');
  const place = source.from === 'repository' ? { ...source, url } : source;
  // Tags of registries have no +.
  const wanted = source.from === 'oci' ? version?.replaceAll('_', '+') : version;
  const wish = discoveredChartWish(place, wanted === '' ? undefined : wanted, config);
  const { values, open } = renderingValues(finding);
  const rendering: RenderingInput = {
    ...(values.length > 0 && { values }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(kubeVersion !== undefined && { kubeVersion }),
    ...(apiVersions !== undefined && { apiVersions }),
  };
  const name = chartIdentity(wish);
  return {
    kind: 'chart',
    name,
    wish,
    rendering,
    overrides,
    open,
    ...(credentials && { refused: CREDENTIALS }),
  };
}

/** In line, or files of the chart itself. Anything else lies where the chart is not. */
function renderingValues({ values = [], place }: ChartFinding): {
  values: RenderingValues[];
  open: string[];
} {
  const read = values.map((found) => toRenderingValues(found, place.file));
  return {
    values: read.filter((one) => typeof one !== 'string'),
    open: read.filter((one) => typeof one === 'string'),
  };
}

function toRenderingValues(found: FoundValues, file: string): RenderingValues | string {
  switch (found.from) {
    case 'inline':
      return { name: file, content: found.content };
    case 'chart':
      return { chartFile: found.path, ...(found.optional && { optional: found.optional }) };
    case 'tree':
      return `its values file ${found.path} is not applied`;
    case 'git':
      return `its values file ${found.path} of ${found.url} is not applied`;
    case 'url':
      return `its values file ${found.url} is not applied`;
    case 'parameter':
      return `its parameter ${found.name} is not applied`;
  }
}

function gitTarget(
  finding: TreeEntry,
  written: { readonly url: string; readonly revision?: GitRevision },
  normalize: NormalizeGitUrl,
): GitTarget {
  const { url: plain, credentials } = withoutCredentials(written.url);
  const revision = withRange(written.revision);
  const isLocal = /^file:/i.test(plain);
  const url = isLocal ? localUrl(plain, normalize) : discoveredGitWish(plain, [revision], normalize).url;
  const entry = entryAt(finding, { url, ...(revision !== undefined && { revision }) });
  return {
    kind: 'git',
    name: gitIdentity(url),
    url,
    revision,
    entry,
    ...(credentials && { refused: CREDENTIALS }),
    ...(isLocal && { refused: 'its URL names a directory of one machine' }),
  };
}

/** Its address is whole and was judged already. */
export function submoduleTarget(finding: GitFinding): GitTarget {
  const { url, revision } = finding;
  return { kind: 'git', name: gitIdentity(url), url, revision, entry: finding };
}

/** Is it a repository of which a commit is checked out in another one, and nothing deployed? */
export function isSubmoduleTarget({ entry }: GitTarget): boolean {
  return entry.kind === 'git' && entry.submodule !== undefined;
}

/** With and without `.git` at the end. */
export function isSameAddress(one: string, other: string): boolean {
  const plain = (url: string): string => url.replace(/\/+$/, '').replace(/\.git$/, '');
  return plain(one) === plain(other);
}

const CREDENTIALS = 'it has credentials in its URL; give them by environment or credential helper';

/** Nobody is asked for it, but a line of bundle.yaml may want it. */
function localUrl(url: string, normalize: NormalizeGitUrl): string {
  try {
    return normalize(url);
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    throw new GapferryError({ code: 'REFERENCE_INVALID', message: error.message, cause: error });
  }
}

function entryAt(
  finding: TreeEntry,
  where: { readonly url: string; readonly revision?: GitRevision },
): TreeEntry {
  if (finding.kind === 'git') return { ...finding, ...where };
  const { source } = finding;
  return source.from === 'git' ? { ...finding, source: { ...source, ...where } } : finding;
}

/** Argo CD takes ranges of versions where it takes names; no name of a ref has such characters. */
function withRange(revision: GitRevision | undefined): GitRevision | undefined {
  if (revision?.as !== 'name' || !/[\^~*<>| ]/.test(revision.text)) return revision;
  return { as: 'semver', text: revision.text };
}

/** A user name alone may be a token; that of an SSH address is a part of it. */
function withoutCredentials(url: string): { url: string; credentials: boolean } {
  const plain = url.replace(/^(https?:\/\/)[^/\s]*@/i, '$1').replace(/^(ssh:\/\/[^/\s:@]*):[^/\s]*@/i, '$1@');
  return { url: plain, credentials: plain !== url };
}

function artifactTarget(finding: ArtifactFinding, config: BundleConfig): ArtifactTarget {
  const wish = discoveredArtifactWish(finding, config);
  return { kind: 'image', name: wish.ref, wish, finding };
}
