import { canonicalBytes } from './canonical-json.ts';
import { type Digest, digestOf } from './digest.ts';

/** How a chart is installed inside, as bundle.yaml states it: what it renders to, and so which images it needs, follows from this. Members are absent where Helm's defaults hold. */
export interface ChartRendering {
  /** In order; later ones win. */
  readonly values?: readonly ChartValues[];
  readonly release?: string;
  readonly namespace?: string;
  /** `v1.31.2` or `1.31`. */
  readonly kubeVersion?: string;
  /** `networking.k8s.io/v1/Ingress`, in the order of the file. */
  readonly apiVersions?: readonly string[];
}

/** A file of values, named relative to bundle.yaml, or values in line as JSON text. */
export type ChartValues = { readonly file: string } | { readonly inline: string };

/** The same with every file read. */
export interface RenderingInput extends Omit<ChartRendering, 'values'> {
  /** Later ones win. */
  readonly values?: readonly RenderingValues[];
}

/** YAML, with a name for messages; or a file of the chart itself, by its path below the chart's directory; `optional`: it counts where there is one. */
export type RenderingValues =
  | { readonly name: string; readonly content: string }
  | { readonly chartFile: string; readonly optional?: true };

/** Identity of what a chart is rendered with, for locks: the digest of its canonical JSON, in which every text of values is its digest, and a file of the chart its path. Names of other files do not count. */
export function renderingDigest({ values, ...rest }: RenderingInput): Digest {
  const contents = values?.map((one) => ('content' in one ? digestOf(one.content) : one));
  return digestOf(canonicalBytes({ ...rest, ...(contents !== undefined && { values: contents }) }));
}

/** The same of a chart that is rendered in several ways: the digest of the sorted list of theirs, each once. */
export function renderingsDigest(renderings: Iterable<Digest>): Digest {
  return digestOf(canonicalBytes([...new Set(renderings)].sort()));
}
