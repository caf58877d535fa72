import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentOfImage } from '@gapferry/testkit';
import {
  APPS,
  BUCKET,
  CHART,
  REGISTRY,
  REPOSITORY,
  type ReleaseContent,
  type ZoneCopy,
} from './breakable-zone.ts';

/** What one kind of consumer finds: what the release before left, what the new one brings, some of each, or something else. */
export type Shown = 'old' | 'new' | 'some' | 'other';

/** What is there for whom. */
export interface ZoneView {
  /** containerd, by digest: is everything of the new release there? */
  readonly digests: 'all' | 'not all';
  /** cosign, of the new images by the tag that says whose signature it is: `old` while there is none. */
  readonly attachments: Shown;
  /** containerd, by tag. */
  readonly images: Shown;
  /** Helm and Flux, by version: `old` while the new one is not listed. */
  readonly charts: Shown;
  /** Argo CD and Flux, by branch. */
  readonly git: Shown;
  /** Who reads the bucket's index. */
  readonly index: Shown;
  /** Who reads keys that stay. */
  readonly latest: Shown;
}

interface IndexEntry {
  readonly annotations?: Readonly<Record<string, string>>;
}

export async function lookAtZone(
  zone: ZoneCopy,
  before: ReleaseContent,
  after: ReleaseContent,
): Promise<ZoneView> {
  const { registry, gitea, store } = zone;
  const tags = APPS.map((name) =>
    shown(
      registry.tagged(`${REGISTRY}/${name}`, '1.0'),
      before.images[name]?.root.digest,
      after.images[name]?.root.digest,
    ),
  );
  const refs = await gitea.repositories.refs(REPOSITORY);
  const keys = store.keys(BUCKET);
  const latest = keys.filter((key) => key.startsWith('line-a/latest/'));
  const released = (version: string): (string | undefined)[] =>
    latest.map((key) => store.object(BUCKET, key.replace('/latest/', `/${version}/`))?.etag);
  const [old, next] = [released(before.version), released(after.version)];
  return {
    digests: hasAll(zone, after) && next.every((etag) => etag !== undefined) ? 'all' : 'not all',
    attachments: isSigned(zone, after) ? 'new' : 'old',
    images: together(tags),
    charts: (await chartsIn(zone.embedded)).includes(after.chart) ? 'new' : 'old',
    git: shown(refs['refs/heads/main'], before.commit, after.commit),
    index: shown(await indexOf(zone), before.version, after.version),
    latest: together(latest.map((key, i) => shown(digestOf(zone, key), old[i], next[i]))),
  };
}

function isSigned({ registry }: ZoneCopy, { signed }: ReleaseContent): boolean {
  return registry.tagged(`${REGISTRY}/${signed.repository}`, signed.tag) !== undefined;
}

/** Everything that a tag of the release will need. */
function hasAll({ registry }: ZoneCopy, { images }: ReleaseContent): boolean {
  return Object.entries(images).every(([name, image]) => {
    const repository = `${REGISTRY}/${name}`;
    return (
      registry.hasManifest(repository, image.root.digest) &&
      contentOfImage(image).every(
        ({ digest }) => digest === image.root.digest || registry.hasBlob(repository, digest),
      )
    );
  });
}

function digestOf({ store }: ZoneCopy, key: string): string | undefined {
  return store.object(BUCKET, key)?.etag;
}

async function chartsIn(embedded: string): Promise<string[]> {
  const { manifests } = JSON.parse(await readFile(join(embedded, 'index.json'), 'utf8')) as {
    manifests: IndexEntry[];
  };
  const names = manifests.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] ?? '');
  const prefix = `${REGISTRY}/${CHART}:`;
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

async function indexOf({ store }: ZoneCopy): Promise<string> {
  const text = Buffer.from(store.object(BUCKET, 'line-a/index.json')?.bytes ?? []).toString('utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function shown(found: string | undefined, old: string | undefined, next: string | undefined): Shown {
  if (found !== undefined && found === next) return 'new';
  return found !== undefined && found === old ? 'old' : 'other';
}

function together(all: readonly Shown[]): Shown {
  const kinds = new Set(all);
  if (kinds.size === 1) return all[0] ?? 'other';
  return kinds.has('other') ? 'other' : 'some';
}
