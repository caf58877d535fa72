import {
  type Confidence,
  type DiscoveryMethod,
  GapferryError,
  type ImageFinding,
  printable,
} from '@gapferry/core';

/** What all findings of one part of a document share. */
export interface Scope {
  readonly file: string;
  /** `Deployment/historian`. */
  readonly object?: string;
  /** Where the part as a whole decides it: `config-map`, `values`. */
  readonly method?: DiscoveryMethod;
  /** The method of what only its form tells to be an image. */
  readonly byForm: DiscoveryMethod;
  /** Texts in texts that were opened to get here. */
  readonly opened: number;
  /** No finding of this part is surer than this. */
  readonly atMost: Confidence;
  /** Places of this document that a known field has explained. */
  readonly claimed: Set<string>;
  /** What a chart's values leave out. */
  readonly defaults?: ImageDefaults;
}

export interface ImageDefaults {
  /** The chart's appVersion. */
  readonly tag?: string;
  /** `global.imageRegistry`. */
  readonly registry?: string;
}

/** Collects findings and bounds the work: nodes visited, depth, text parsed, findings. */
export interface FindingList {
  readonly findings: readonly ImageFinding[];
  /** Findings whose tag is the chart's appVersion because the values name none. */
  readonly guessed: ReadonlySet<ImageFinding>;
  add(scope: Scope, found: Found): void;
  /** Counts a visited node. Throws `LIMIT_EXCEEDED`. */
  visit(scope: Scope, depth: number): void;
  /** Counts a text that is read word by word. Throws `LIMIT_EXCEEDED`. */
  visitText(scope: Scope, text: string): void;
  /** Whether so many more characters of embedded YAML may be parsed. */
  mayParse(characters: number): boolean;
}

export interface Found {
  readonly reference: string;
  readonly method: DiscoveryMethod;
  readonly confidence: Confidence;
  readonly path: string;
  readonly guessed?: boolean;
}

const MOST_NODES = 2_000_000;
const MOST_FINDINGS = 100_000;
const DEEPEST = 250;
/** Parsing is slow: so much YAML within texts, and sixteen times as much JSON. */
const MOST_EMBEDDED = 4_194_304;
/** Reading characters of a text counts as visiting a node. */
const CHARACTERS_A_NODE = 64;
const RANK: Readonly<Record<Confidence, number>> = { certain: 2, likely: 1, possible: 0 };

export function createFindingList(): FindingList {
  const findings: ImageFinding[] = [];
  const guessed = new Set<ImageFinding>();
  let nodes = 0;
  let embedded = 0;
  return {
    findings,
    guessed,
    add(scope, found) {
      if (scope.claimed.has(found.path)) return;
      if (findings.length >= MOST_FINDINGS) throw tooMuch(scope, `${MOST_FINDINGS} images`);
      const finding = toFinding(scope, found);
      findings.push(finding);
      if (found.guessed === true) guessed.add(finding);
    },
    visit(scope, depth) {
      nodes += 1;
      if (nodes > MOST_NODES) throw tooMuch(scope, `${MOST_NODES} members`);
      if (depth > DEEPEST) throw tooMuch(scope, `${DEEPEST} levels`);
    },
    visitText(scope, text) {
      nodes += Math.ceil(text.length / CHARACTERS_A_NODE);
      if (nodes > MOST_NODES) throw tooMuch(scope, `${MOST_NODES * CHARACTERS_A_NODE} characters`);
    },
    mayParse(characters) {
      if (embedded + characters > MOST_EMBEDDED) return false;
      embedded += characters;
      return true;
    },
  };
}

/** The surer of two. */
export function surer(a: Confidence, b: Confidence): Confidence {
  return RANK[a] >= RANK[b] ? a : b;
}

function toFinding(scope: Scope, { reference, method, confidence, path }: Found): ImageFinding {
  return {
    reference,
    method: scope.method ?? method,
    confidence: RANK[confidence] < RANK[scope.atMost] ? confidence : scope.atMost,
    place: {
      file: scope.file,
      ...(scope.object !== undefined && { object: scope.object }),
      path: printable(path),
    },
  };
}

function tooMuch({ file }: Scope, limit: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${file} has more than is searched for images: the limit is ${limit}`,
    data: { file },
  });
}
