import { compareVersions } from './compare-versions.ts';
import type { AptPackage } from './read-packages.ts';
import { fitsVersion, parseRelation, parseRelations, type Relation } from './relations.ts';

/** What was chosen of a repository. */
export interface ChosenPackages {
  readonly packages: ReadonlySet<AptPackage>;
  /** Dependencies that nothing in the repository meets, as they are written: the system inside must have them. Sorted. */
  readonly elsewhere: readonly string[];
  /** Wanted packages that one architecture has and another has not: `nginx of arm64`. */
  readonly partly: readonly string[];
  /** Wanted packages that no architecture has. */
  readonly missing: readonly string[];
}

export interface PackageChoice {
  readonly architectures: readonly string[];
  /** Each a relation; absent: all. */
  readonly wanted?: readonly string[];
  readonly dependencies: boolean;
}

/** Chooses for each architecture the latest version that fits, and what it depends on: of alternatives the first that the repository has, unless another one is chosen already. Pure. */
export function choosePackages(all: readonly AptPackage[], choice: PackageChoice): ChosenPackages {
  const { architectures, wanted, dependencies } = choice;
  if (wanted === undefined) return { packages: new Set(all), elsewhere: [], partly: [], missing: [] };
  const found = architectures.map((architecture) => {
    const shelf = new Shelf(all.filter((one) => [architecture, 'all'].includes(one.architecture)));
    const missing = wanted.filter((text) => !shelf.take(parseRelation(text)));
    if (dependencies) shelf.takeDependencies();
    return { architecture, shelf, missing };
  });
  const missing = wanted.filter((text) => found.every((one) => one.missing.includes(text)));
  return {
    packages: new Set(found.flatMap(({ shelf }) => [...shelf.taken])),
    elsewhere: [...new Set(found.flatMap(({ shelf }) => [...shelf.elsewhere]))].sort(),
    partly: found.flatMap(({ architecture, missing: not }) =>
      not.filter((text) => !missing.includes(text)).map((text) => `${text} of ${architecture}`),
    ),
    missing,
  };
}

/** The packages of one architecture. */
class Shelf {
  readonly taken: Set<AptPackage> = new Set();
  readonly elsewhere: Set<string> = new Set();
  /** The latest first. */
  readonly #byName: ReadonlyMap<string, AptPackage[]>;
  readonly #providers: Map<string, Provider[]> = new Map();

  constructor(packages: readonly AptPackage[]) {
    this.#byName = Map.groupBy(packages, ({ name }) => name);
    for (const named of this.#byName.values()) named.sort((a, b) => compareVersions(b.version, a.version));
    for (const one of [...this.#byName.values()].flat())
      for (const { name, version } of parseRelations(one.provides).flatMap(({ relations }) => relations)) {
        const providers = this.#providers.get(name) ?? [];
        providers.push({ by: one, ...(version && { version: version.than }) });
        this.#providers.set(name, providers);
      }
  }

  /** False where there is none of that name. */
  take(relation: readonly Relation[]): boolean {
    const [found] = relation.flatMap((one) => this.#named(one).slice(0, 1));
    if (found !== undefined) this.taken.add(found);
    return found !== undefined;
  }

  /** A set goes on with what is added to it. */
  takeDependencies(): void {
    for (const { depends } of this.taken)
      for (const { text, relations } of parseRelations(depends)) {
        const candidates = relations.flatMap((relation) => [
          ...this.#named(relation),
          ...this.#providing(relation),
        ]);
        if (candidates.some((one) => this.taken.has(one))) continue;
        if (candidates[0] === undefined) this.elsewhere.add(text);
        else this.taken.add(candidates[0]);
      }
  }

  #named(relation: Relation): AptPackage[] {
    return (this.#byName.get(relation.name) ?? []).filter(({ version }) => fitsVersion(relation, version));
  }

  /** Only what is provided in a version meets a dependency on one (Debian Policy, section 7.5). */
  #providing(relation: Relation): AptPackage[] {
    return (this.#providers.get(relation.name) ?? [])
      .filter(
        ({ version }) =>
          relation.version === undefined || (version !== undefined && fitsVersion(relation, version)),
      )
      .map(({ by }) => by);
  }
}

interface Provider {
  readonly by: AptPackage;
  readonly version?: string;
}
