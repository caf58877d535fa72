import type { ChartPlace, GitFinding, GitRevision } from '@gapferry/core';
import { type Fields, field, groupOf, textAt, type Value } from './fields.ts';
import { pathFrom } from './file-tree.ts';
import type { LocatedObject, Surroundings } from './located-object.ts';
import { isThisTree } from './tree-identity.ts';

const SOURCE_GROUP = 'source.toolkit.fluxcd.io';

/** The source that a reference of Flux means. Namespaces that nobody wrote down agree with all. */
export function fluxSource(
  { objects }: Surroundings,
  reference: Value | undefined,
  user: Fields,
): LocatedObject | undefined {
  const [kind, name] = [textAt(reference, 'kind'), textAt(reference, 'name')];
  const namespace = textAt(reference, 'namespace') ?? textAt(user, 'metadata', 'namespace');
  const named = (objects.get(`${kind}/${name}`) ?? []).filter(
    ({ object }) => groupOf(object) === SOURCE_GROUP,
  );
  const where = ({ object }: LocatedObject): string | undefined => textAt(object, 'metadata', 'namespace');
  return (
    named.find((source) => where(source) === namespace) ??
    named.find((source) => where(source) === undefined || namespace === undefined)
  );
}

/** `spec.ref` of a GitRepository; the first of commit, name, semver, tag and branch counts. Flux takes `master` where nothing is said. */
export function gitOf({
  object,
}: LocatedObject): Pick<GitFinding, 'url'> & { readonly revision: GitRevision } {
  const url = textAt(object, 'spec', 'url') ?? '';
  const members = { commit: 'commit', name: 'ref', semver: 'semver', tag: 'tag', branch: 'branch' } as const;
  for (const [member, as] of Object.entries(members)) {
    const text = textAt(object, 'spec', 'ref', member);
    if (text !== undefined) return { url, revision: { as, text } };
  }
  return { url, revision: { as: 'branch', text: 'master' } };
}

export function isTreeItself({ identity }: Surroundings, source: LocatedObject): boolean {
  const { url, revision } = gitOf(source);
  const isSaid = field(source.object, 'spec', 'ref') !== undefined;
  return isThisTree(identity, url, isSaid ? revision.text : undefined);
}

/** Registry, tag, range and digest of an OCIRepository. */
export function artifactOf({ object }: LocatedObject): {
  ref: string;
  tag?: string;
  semver?: string;
  digest?: string;
} {
  const words = ['digest', 'semver', 'tag'].flatMap((member) => {
    const text = textAt(object, 'spec', 'ref', member);
    return text === undefined ? [] : [[member, text]];
  });
  return {
    ref: withoutScheme(textAt(object, 'spec', 'url') ?? ''),
    ...Object.fromEntries(words.slice(0, 1)),
  };
}

export function withoutScheme(url: string): string {
  return url.replace(/^oci:\/\//, '').replace(/\/+$/, '');
}

/** Where a chart of a HelmRelease or HelmChart lies; undefined for a Bucket, and for a path that leaves its repository. */
export function chartIn(
  surroundings: Surroundings,
  source: LocatedObject,
  chart: string,
): ChartPlace | undefined {
  const kind = source.object['kind'];
  if (kind === 'HelmRepository') {
    const url = (textAt(source.object, 'spec', 'url') ?? '').replace(/\/+$/, '');
    return url.startsWith('oci://') || textAt(source.object, 'spec', 'type') === 'oci'
      ? { from: 'oci', ref: `${withoutScheme(url)}/${chart}` }
      : { from: 'repository', url, name: chart };
  }
  const path = pathFrom('', chart.replace(/^\/+/, ''));
  if (kind !== 'GitRepository' || path === undefined) return undefined;
  return isTreeItself(surroundings, source)
    ? { from: 'tree', path }
    : { from: 'git', ...gitOf(source), path };
}
