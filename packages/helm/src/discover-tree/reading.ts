import type { Value } from './fields.ts';
import type { FileTree } from './file-tree.ts';
import { tooMuch } from './refusals.ts';

const MOST_BYTES = 268_435_456;
const MOST_STEPS = 20_000_000;
const MOST_KUSTOMIZATIONS = 2_000;
/** What reading a kustomization costs, in values. */
const COST = 200;

/** One look at a tree, with what it may cost. */
export class Reading {
  readonly tree: FileTree;
  /** Files that a kustomization is made of, itself included. */
  readonly used: Set<string> = new Set();
  #bytes = 0;
  #steps = 0;
  #kustomizations = 0;

  constructor(tree: FileTree) {
    this.tree = tree;
  }

  /** True when nothing more can be looked at, not only one file. */
  get exhausted(): boolean {
    return this.#bytes > MOST_BYTES || this.#steps > MOST_STEPS;
  }

  /** Throws `LIMIT_EXCEEDED` when more than 256 MiB were read, the same file as often as it was. */
  read(path: string): Uint8Array | undefined {
    const bytes = this.tree.read(path);
    this.#bytes += bytes?.length ?? 0;
    if (this.#bytes > MOST_BYTES)
      throw tooMuch(path, `more than ${MOST_BYTES} bytes of manifests would have to be read`);
    return bytes;
  }

  /** One kustomization is to be built, with all that it is made of. */
  beginRoot(): void {
    this.#kustomizations = 0;
  }

  /** Throws `LIMIT_EXCEEDED` for more than 2,000 in one: bases that are used twice by bases that are used twice have no end. */
  countKustomization(file: string): void {
    this.#kustomizations += 1;
    if (this.#kustomizations > MOST_KUSTOMIZATIONS)
      throw tooMuch(file, `more than ${MOST_KUSTOMIZATIONS} kustomizations in one`);
    this.count(COST, file);
  }

  /** Counts values that are made or looked at. Throws `LIMIT_EXCEEDED` above 20 million. */
  count(steps: number, file: string): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS)
      throw tooMuch(file, `more than ${MOST_STEPS} values would have to be looked at`);
  }
}

/** How many values one value consists of. */
export function weigh(value: Value): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, entry) => sum + weigh(entry as Value), 1);
}
