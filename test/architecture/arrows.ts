/**
 * Which package may import which, and what each ring may touch: the one place where the architecture stands as data.
 * A new arrow needs a decision record in docs/adr.
 */
export type PackageName = keyof typeof ARROWS;

/** package → the packages its sources may import */
export const ARROWS = {
  core: [],
  bundle: ['core'],
  http: ['core'],
  depot: ['core'],
  signing: ['core'],
  targets: ['core'],
  serve: ['core'],
  ledger: ['core', 'bundle'],
  transfer: ['core', 'bundle'],
  oci: ['core', 'http'],
  helm: ['core', 'http'],
  git: ['core', 'http'],
  objects: ['core', 'http'],
  collector: ['core', 'bundle'],
  importer: ['core', 'bundle'],
  report: ['core', 'bundle'],
  testkit: ['core'],
  cli: [
    'core',
    'bundle',
    'http',
    'depot',
    'oci',
    'helm',
    'git',
    'objects',
    'signing',
    'transfer',
    'targets',
    'ledger',
    'serve',
    'collector',
    'importer',
    'report',
  ],
} as const satisfies Record<string, readonly string[]>;

/** Packages whose tests do without the testkit: it is built on them. */
export const WITHOUT_TESTKIT: ReadonlySet<string> = new Set(['core', 'bundle', 'testkit']);

/** Packages with a `./testing` of what tests along the arrows share: core its contract suites, bundle its simulated releases. */
export const WITH_TESTING: ReadonlySet<string> = new Set(['core', 'bundle']);

/** Packages that decide and never act: no files, no sockets, no processes. */
export const PURE: ReadonlySet<string> = new Set(['core', 'bundle', 'collector', 'importer', 'report']);

/** Packages that may read the environment, print and exit. */
export const TALKING: ReadonlySet<string> = new Set(['cli', 'testkit']);

/** Built-in modules that reach outside the process, or hand out those that do. */
export const OUTSIDE: ReadonlySet<string> = new Set([
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'fs',
  'http',
  'http2',
  'https',
  'inspector',
  'module',
  'net',
  'os',
  'process',
  'readline',
  'repl',
  'sqlite',
  'tls',
  'tty',
  'vm',
  'wasi',
  'worker_threads',
]);

export const FILE_LINES = 400;
export const TEST_FILE_LINES = 500;
export const FUNCTION_LINES = 60;
