import {
  type ChartFinding,
  type ImageFinding,
  isGapferryError,
  type ReferenceFinding,
  type TreeFault,
} from '@gapferry/core';
import { leadsOfApplication } from './argo-application.ts';
import { leadsOfApplicationSet } from './argo-application-set.ts';
import { buildDeployment, type DeployedTree, deploymentKey } from './build-deployment.ts';
import { buildKustomization } from './build-kustomization.ts';
import type { BuiltKustomization } from './built-kustomization.ts';
import { type FileTree, filesOf } from './file-tree.ts';
import { findCharts, idleCharts, isInChart } from './find-charts.ts';
import { findKustomizations } from './find-kustomizations.ts';
import { leadsOfFlux } from './flux-objects.ts';
import { leadsOfControllerChart } from './helm-controller-chart.ts';
import { imagesOfBuild, imagesOfObject } from './images-of-build.ts';
import { type Entry, leadsOfEntry } from './leads-of-entry.ts';
import {
  type Deployment,
  isKind,
  joinLeads,
  type Leads,
  type LocatedObject,
  NOWHERE,
  surroundingsOf,
} from './located-object.ts';
import { readObjects } from './read-objects.ts';
import { Reading } from './reading.ts';
import { tooMuch } from './refusals.ts';
import { selfContained } from './self-contained.ts';
import type { TreeIdentity } from './tree-identity.ts';

export interface DiscoverTreeOptions {
  /** By what objects in the tree know the tree itself; absent: every repository they name is another. */
  readonly identity?: TreeIdentity;
  /** Nothing but what these lead to is looked at; absent: everything. */
  readonly entries?: TreeEntries;
}

export interface TreeEntries {
  readonly all: readonly Entry[];
  /** What they point into, for messages: `git git.example.org/ops/line-a`. */
  readonly item: string;
}

export interface TreeDiscovery {
  /** Each image once for every place. Of a kustomization that others are built from, what those make of it. */
  readonly images: readonly ImageFinding[];
  /** Charts elsewhere with their values in line, or in files of their own. */
  readonly references: readonly ReferenceFinding[];
  /** Charts of the tree that something installs, which may point into it from outside. */
  readonly charts: readonly ChartFinding[];
  /** What was refused, is not static or is not followed. The rest of the tree was looked at all the same. */
  readonly problems: readonly TreeFault[];
  /** Directories that were looked at, each with what lies below; absent: all. */
  readonly within?: readonly string[];
}

/** What the files of a Git tree name: images of kustomizations (as `kustomize build` would make them) and of plain manifests, and what Applications, ApplicationSets, HelmReleases, Kustomizations
 *  and kustomizations point to. Reads nothing but the tree. Throws `LIMIT_EXCEEDED` when the tree as a whole is too much (also for more than 10,000 deployments), `SOURCE_NOT_FOUND` for an entry that leads
 *  nowhere; what is wrong with one file is a problem. */
export function discoverTree(tree: FileTree, options: DiscoverTreeOptions = {}): TreeDiscovery {
  const look = new Look(tree, options);
  if (options.entries !== undefined) look.enter(options.entries);
  else {
    look.buildRoots();
    look.readPlainManifests();
  }
  look.followDeployments();
  return look.result();
}

/** Applications may deploy Applications; more rounds than this nobody nests. */
const MOST_ROUNDS = 20;
const MOST_DEPLOYMENTS = 10_000;

class Look {
  readonly #options: DiscoverTreeOptions;
  readonly #reading: Reading;
  readonly #files: readonly string[];
  readonly #charts: ReadonlySet<string>;
  readonly #problems: TreeFault[] = [];
  /** By directory. Components that nobody uses are among them. */
  readonly #roots = new Map<string, BuiltKustomization>();
  readonly #plain = new Map<string, readonly LocatedObject[]>();
  /** By directory, then by what is deployed of it. */
  readonly #deployed = new Map<string, Map<string, BuiltKustomization | undefined>>();
  /** Charts that entries lead to. */
  readonly #entered: ChartFinding[] = [];

  constructor(tree: FileTree, options: DiscoverTreeOptions) {
    this.#options = options;
    this.#reading = new Reading(tree);
    this.#files = filesOf(tree);
    this.#charts = findCharts(this.#files);
  }

  enter({ all, item }: TreeEntries): void {
    for (const entry of all) {
      const { charts, deployments } = leadsOfEntry(entry, this.#reading.tree, item);
      this.#entered.push(...charts);
      for (const deployment of deployments) if (this.#isNew(deployment)) this.#deploy(deployment);
    }
  }

  buildRoots(): void {
    const { roots, rest } = findKustomizations(this.#reading, this.#files, (file, attempt) =>
      this.#try(file, attempt),
    );
    const build = (directory: string): void => {
      const built = this.#try(directory, () => buildKustomization(this.#reading, directory));
      if (built !== undefined) this.#roots.set(directory, built);
    };
    for (const directory of roots) build(directory);
    // Those that only use each other have no root: each says that it is part of a cycle.
    for (const { directory, file } of rest) if (!this.#reading.used.has(file)) build(directory);
  }

  readPlainManifests(): void {
    for (const file of this.#files) {
      if (!/\.(?:ya?ml|json)$/i.test(file) || this.#reading.used.has(file) || isInChart(this.#charts, file))
        continue;
      const objects = this.#try(file, () => readObjects(this.#reading.read(file) ?? new Uint8Array(), file));
      if (objects !== undefined && objects.length > 0)
        this.#plain.set(
          file,
          objects.map((object) => ({ object, file })),
        );
    }
  }

  followDeployments(): void {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const fresh = this.#leads().deployments.filter((deployment) => this.#isNew(deployment));
      if (fresh.length === 0) return;
      for (const deployment of fresh) this.#deploy(deployment);
    }
    this.#problems.push({
      place: { file: '', path: '' },
      message: `deployments lead to deployments more than ${MOST_ROUNDS} times`,
    });
  }

  result(): TreeDiscovery {
    const { references, problems } = this.#leads();
    const builds = this.#builds();
    const images = [
      ...builds.flatMap(([directory, built]) => this.#try(directory, () => imagesOfBuild(built)) ?? []),
      ...this.#plainObjects().flatMap(
        (located) => this.#try(located.file, () => imagesOfObject(located)) ?? [],
      ),
    ];
    const notFollowed = builds.flatMap(([, built]) =>
      built.notFollowed.map(({ file, message }) => ({ place: { file, path: '' }, message })),
    );
    const found = unique([...builds.flatMap(([, built]) => built.references), ...references]).map(
      (reference) => (reference.kind === 'chart' ? this.#contained(reference) : reference),
    );
    const charts = [...this.#entered.map((chart) => this.#contained(chart)), ...found.filter(isTreeChart)];
    this.#tellIdle(charts);
    return {
      images: unique(images),
      references: found,
      charts: unique(charts),
      problems: unique([...this.#problems, ...notFollowed, ...problems]),
      ...(this.#options.entries !== undefined && { within: this.#directories(builds, charts) }),
    };
  }

  /** Charts that lie there and are installed by nothing that was found. */
  #tellIdle(charts: readonly ChartFinding[]): void {
    if (this.#options.entries !== undefined) return;
    const installed = new Set(charts.map(({ source }) => (source.from === 'tree' ? source.path : '')));
    for (const chart of idleCharts(this.#charts, installed, this.#reading))
      this.#problems.push({
        place: { file: chart === '' ? 'Chart.yaml' : `${chart}/Chart.yaml`, path: '' },
        message: 'nothing here installs this chart: its images are not looked for',
      });
  }

  #directories(
    builds: ReadonlyArray<readonly [string, BuiltKustomization]>,
    charts: readonly ChartFinding[],
  ): string[] {
    const built = builds.flatMap(([directory, { directories }]) => [directory, ...directories]);
    const ofCharts = charts.flatMap(({ source }) => (source.from === 'tree' ? source.path : []));
    return [...new Set([...this.#deployed.keys(), ...built, ...ofCharts])].sort();
  }

  #contained(chart: ChartFinding): ChartFinding {
    return selfContained(chart, (path) => this.#reading.read(path));
  }

  #isNew(deployment: Deployment): boolean {
    return this.#deployed.get(deployment.directory)?.has(deploymentKey(deployment)) !== true;
  }

  #deploy(deployment: Deployment): void {
    const { directory, overlay } = deployment;
    const known = this.#deployed.get(directory) ?? new Map<string, BuiltKustomization | undefined>();
    if (this.#deployed.size + known.size > MOST_DEPLOYMENTS)
      throw tooMuch(overlay.place.file, `more than ${MOST_DEPLOYMENTS} directories are deployed`);
    this.#deployed.set(directory, known);
    known.set(deploymentKey(deployment), undefined);
    const deployed: DeployedTree = {
      reading: this.#reading,
      files: this.#files,
      charts: this.#charts,
      isWhole: this.#options.entries === undefined,
      attempt: (file, read) => this.#try(file, read),
    };
    const built = this.#try(overlay.place.file, () => buildDeployment(deployment, deployed));
    if (built !== undefined) known.set(deploymentKey(deployment), built);
  }

  /** What is deployed with changes, or as a part of more, takes the place of what was built for itself. */
  #builds(): Array<readonly [string, BuiltKustomization]> {
    const deployed = [...this.#deployed].flatMap(([directory, builds]) =>
      [...builds.values()].flatMap((built) => (built === undefined ? [] : [[directory, built] as const])),
    );
    const replaced = new Set(deployed.flatMap(([, { directories }]) => directories));
    return [...[...this.#roots].filter(([directory]) => !replaced.has(directory)), ...deployed];
  }

  #plainObjects(): LocatedObject[] {
    return [...this.#plain]
      .filter(([file]) => !this.#reading.used.has(file))
      .flatMap(([, objects]) => objects);
  }

  #leads(): Leads {
    const built = this.#builds().flatMap(([, { resources }]) =>
      resources.map(({ object, file }) => ({ object, file })),
    );
    const objects: LocatedObject[] = [...built, ...this.#plainObjects()];
    const surroundings = surroundingsOf(objects, {
      reading: this.#reading,
      identity: this.#options.identity,
      files: this.#files,
    });
    const before = this.#problems.length;
    const leads = objects.map((located) => {
      if (isKind(located, 'argoproj.io', 'Application'))
        return this.#try(located.file, () => leadsOfApplication(located, surroundings)) ?? NOWHERE;
      if (isKind(located, 'argoproj.io', 'ApplicationSet'))
        return this.#try(located.file, () => leadsOfApplicationSet(located, surroundings)) ?? NOWHERE;
      if (isKind(located, 'helm.cattle.io', 'HelmChart'))
        return this.#try(located.file, () => leadsOfControllerChart(located, surroundings)) ?? NOWHERE;
      return this.#try(located.file, () => leadsOfFlux(located, surroundings)) ?? NOWHERE;
    });
    // Asked again in every round: only the last answer counts.
    return {
      ...joinLeads(leads),
      problems: [...joinLeads(leads).problems, ...this.#problems.splice(before)],
    };
  }

  /** What is wrong with one file does not hide the others; what is too much altogether ends the look. */
  #try<T>(file: string, attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!isGapferryError(error) || this.#reading.exhausted) throw error;
      if (error.code !== 'CONTENT_INVALID' && error.code !== 'LIMIT_EXCEEDED') throw error;
      const place = typeof error.data['file'] === 'string' ? error.data['file'] : file;
      this.#problems.push({ place: { file: place, path: '' }, message: error.message });
      return undefined;
    }
  }
}

function isTreeChart(reference: ReferenceFinding): reference is ChartFinding {
  return reference.kind === 'chart' && reference.source.from === 'tree';
}

function unique<T>(findings: readonly T[]): T[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
