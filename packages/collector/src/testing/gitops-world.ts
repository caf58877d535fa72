import type { BundleConfig } from '@gapferry/bundle';
import {
  type ArtifactFinding,
  type ChartContents,
  type ChartFinding,
  GapferryError,
  type GitFinding,
  type GitPin,
  type GitRevision,
  type ImageFinding,
  type ImagePin,
  type NamedBy,
  type ReferenceFinding,
  type SubmoduleReader,
  type TreeEntry,
  type TreeFindings,
} from '@gapferry/core';
import { type MemoryUpstream, memoryDepot, memoryUpstream } from '@gapferry/testkit';
import type { CollectRequest } from '../request.ts';
import { memoryRequest, configOf as plainConfigOf } from './memory-request.ts';
import { NO_SUBMODULES } from './no-submodules.ts';

/** Repositories that point to each other, and charts, in memory. What is found in each is told, not read. */
export interface GitOpsWorld {
  readonly upstream: MemoryUpstream;
  /** What a repository or an artifact names, by its id, then by the path that is pointed to; `*` is all of it. */
  readonly repositories: Map<string, Readonly<Record<string, Partial<TreeFindings>>>>;
  /** What a repository has as submodules, by its id, then by the commit; `*` is all of its refs. A commit that stands nowhere is reached by nothing. */
  readonly submodules: Map<string, Readonly<Record<string, readonly GitFinding[]>>>;
  /** What a chart names, by the text of its archive and, in brackets, of its values: `redis` or `redis{"a":1}`. */
  readonly charts: Map<string, readonly ImageFinding[] | GapferryError>;
  /** What was looked into: `git ops/line-a *`, `git git.example/b deploy v1`, `chart charts.example/a:1 {"a":1}`. */
  readonly looked: string[];
  request(body: string, world?: Partial<CollectRequest>): CollectRequest;
}

export const HOME: string = 'https://git.example/ops/home.git';
/** Of bundle.yaml: the repository where following begins. */
export const BUNDLE: string = `git: [{url: "${HOME}", images: discover}]`;
export const OID: string = 'a'.repeat(40);

export function gitOpsWorld(): GitOpsWorld {
  const upstream = memoryUpstream();
  const repositories: GitOpsWorld['repositories'] = new Map();
  const charts: GitOpsWorld['charts'] = new Map();
  const submodules: GitOpsWorld['submodules'] = new Map();
  const looked: string[] = [];
  upstream.serveGit(HOME, { 'refs/heads/main': OID });
  const discoverTree = async (
    { kind, id }: Pick<GitPin | ImagePin, 'kind' | 'id'>,
    entries?: ReadonlyArray<TreeEntry | ArtifactFinding>,
  ): Promise<TreeFindings> => {
    const names = entries?.map(nameOfEntry) ?? ['*'];
    for (const name of names) looked.push(`${kind} ${id} ${name}`);
    const content = repositories.get(id) ?? {};
    const found = names.map((name) => content[name] ?? content[name.split(' ')[0] ?? '']);
    if (found.includes(undefined) && entries !== undefined) throw missing(`${names.join()} in ${id}`);
    return {
      images: found.flatMap((one) => one?.images ?? []),
      references: found.flatMap((one) => one?.references ?? []),
      problems: found.flatMap((one) => one?.problems ?? []),
    };
  };
  const discoverChart = async (contents: ChartContents): Promise<readonly ImageFinding[]> => {
    const { pin, archive, rendering, overrides = [] } = contents;
    const values = (rendering.values ?? [])
      .map((one) => ('content' in one ? one.content : `<${one.chartFile}>`))
      .join('+');
    looked.push([`chart ${pin.id}`, values, ...overrides.map(({ name }) => name)].join(' ').trim());
    const text = Buffer.from(archive).toString();
    const found = charts.get(`${text}${values}`) ?? charts.get(text) ?? [];
    if (found instanceof GapferryError) throw found;
    return found;
  };
  return {
    upstream,
    repositories,
    submodules,
    charts,
    looked,
    request: (body, more = {}) =>
      memoryRequest(body, upstream, {
        config: configOf(body),
        discovery: {
          images: { discover: discoverChart },
          trees: {
            discover: (pin, _run, entries) => discoverTree(pin, entries),
            discoverArtifact: ({ id }, _run, entries) => discoverTree({ kind: 'image', id }, entries),
          },
          submodules: readerOf(submodules, looked),
          normalizeGitUrl: normalize,
          values: new Map(),
          store: memoryDepot(),
        },
        ...more,
      }),
  };
}

function readerOf(submodules: GitOpsWorld['submodules'], looked: string[]): SubmoduleReader {
  return {
    readSubmodules: async ({ id }, _run, commits) => {
      const content = submodules.get(id) ?? {};
      for (const commit of commits ?? []) looked.push(`submodule ${id} ${commit.slice(0, 2)}`);
      return {
        references: (commits ?? ['*']).flatMap((commit) => content[commit] ?? []),
        problems: [],
        unreached: (commits ?? []).filter((commit) => content[commit] === undefined),
      };
    },
    pinCommits: NO_SUBMODULES.pinCommits,
  };
}

export function configOf(body: string): BundleConfig {
  return plainConfigOf(body, normalize);
}

function normalize(url: string): string {
  const scp = /^git@([^:/]+):(.*)$/.exec(url);
  const plain = scp === null ? url : `ssh://git@${scp[1]}/${scp[2]}`;
  if (URL.canParse(plain)) return plain;
  throw new GapferryError({ code: 'USAGE', message: `the Git URL "${url}" is refused` });
}

function nameOfEntry(entry: TreeEntry | ArtifactFinding): string {
  const where: { readonly path?: string; readonly revision?: GitRevision } =
    entry.kind !== 'chart' || entry.source.from !== 'git' ? (entry as GitFinding) : entry.source;
  const revision = where.revision === undefined ? '' : ` ${where.revision.text}`;
  return `${where.path ?? ''}${revision}`;
}

export function missing(name: string): GapferryError {
  return new GapferryError({ code: 'SOURCE_NOT_FOUND', message: `there is no ${name}`, origin: 'source' });
}

export function unreachable(): GapferryError {
  return new GapferryError({ code: 'UNREACHABLE', message: 'no answer', retryable: true });
}

const PLACE = { file: 'apps/x.yaml', object: 'Application/x', path: 'spec.source' };

export function image(reference: string, more: Partial<ImageFinding> = {}): ImageFinding {
  return {
    reference,
    confidence: 'certain',
    method: 'pod-template',
    place: { file: 'x.yaml', path: 'image' },
    ...more,
  };
}

/** A chart of `https://charts.example`. */
export function chart(name: string, version: string, more: Partial<ChartFinding> = {}): ChartFinding {
  const source = { from: 'repository', url: 'https://charts.example', name } as const;
  return { kind: 'chart', source, version, confidence: 'certain', place: PLACE, ...more };
}

/** A directory of `https://git.example/<name>`. */
export function git(name: string, path: string, more: Partial<GitFinding> = {}): GitFinding {
  return {
    kind: 'git',
    url: `https://git.example/${name}`,
    path,
    confidence: 'certain',
    place: PLACE,
    ...more,
  };
}

/** A commit of `https://git.example/<name>`, checked out below `libs`. */
export function submodule(name: string, commit: string, more: Partial<GitFinding> = {}): GitFinding {
  return {
    kind: 'git',
    url: `https://git.example/${name}`,
    revision: { as: 'commit', text: commit },
    place: { file: '.gitmodules', object: `submodule "${name}"`, path: `libs/${name}` },
    confidence: 'certain',
    submodule: {},
    ...more,
  };
}

/** A directory of the artifact `r.example/manifests`. */
export function artifact(more: Partial<ArtifactFinding> = {}): ArtifactFinding {
  const ref = 'r.example/manifests';
  return { kind: 'oci-artifact', ref, tag: '1', path: 'apps', confidence: 'certain', place: PLACE, ...more };
}

export function pointing(...references: readonly ReferenceFinding[]): Partial<TreeFindings> {
  return { references };
}

/** A world in which the home repository points to these, with a chart `charts.example/redis:1.2.3` and its image. */
export function worldPointingTo(...references: readonly ReferenceFinding[]): GitOpsWorld {
  const made = gitOpsWorld();
  made.repositories.set('git.example/ops/home', { '*': pointing(...references) });
  made.upstream.serveChart(REDIS, '1.2.3', 'redis');
  made.upstream.serveImage('docker.io/library/redis:7', 'redis');
  made.charts.set('redis', [image('redis:7')]);
  return made;
}

export const REDIS: string = 'charts.example/redis';
export const COMMIT: string = 'c'.repeat(40);
/** How the lock names what `chart` and `git` of the home repository point to. */
export const NAMED_BY: NamedBy = {
  item: 'git git.example/ops/home',
  method: 'custom-resource',
  file: 'apps/x.yaml',
  object: 'Application/x',
  path: 'spec.source',
};
