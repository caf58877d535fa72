/** Where a command is used: `outside` and `inside` are the two sides of the gap, `either` works on both. */
export type Side = 'outside' | 'inside' | 'either';

/** Every command in the order of the flow, with the line that help shows. A test compares it with the files in `commands/`. */
export const COMMANDS = {
  init: { side: 'outside', summary: 'Write a first bundle, keys, a site and a trust policy' },
  'keys generate': { side: 'outside', summary: 'Make a key pair' },
  'keys list': { side: 'outside', summary: 'List the keys in a directory' },
  'keys show': { side: 'outside', summary: 'Show the fingerprint of a public key' },
  resolve: { side: 'outside', summary: 'Pin every wish of a bundle to what it is now' },
  images: {
    side: 'outside',
    summary: 'Find the images that charts and repositories name, and tell what would become of each',
  },
  collect: { side: 'outside', summary: 'Fetch what a bundle wants and seal it as a release' },
  diff: { side: 'outside', summary: 'Tell what changes from one release to another' },
  export: { side: 'outside', summary: 'Write a release onto a medium' },
  'trust show': { side: 'inside', summary: 'Show a trust policy and its fingerprint' },
  'trust pin': {
    side: 'inside',
    summary: "Pin the site's trust policy by a fingerprint that came another way",
  },
  'trust override': {
    side: 'inside',
    summary: 'Order that a site goes back to an older release',
  },
  verify: { side: 'inside', summary: 'Prove that a release is authentic, complete and unchanged' },
  plan: { side: 'inside', summary: 'Tell what an import would do' },
  import: { side: 'inside', summary: 'Load a release into the targets of the site' },
  activate: { side: 'inside', summary: 'Make a staged release visible, without its medium' },
  status: { side: 'inside', summary: 'Tell what is loaded, and what moved at the targets since' },
  prune: { side: 'inside', summary: 'Take away what earlier releases left and nobody needs' },
  serve: { side: 'inside', summary: 'Offer an embedded depot over HTTP, read-only' },
  'mirror-config containerd': {
    side: 'inside',
    summary: 'Write the configuration with which containerd finds imported images',
  },
  'mirror-config git': {
    side: 'inside',
    summary: 'Write the configuration with which git finds imported repositories',
  },
  'mirror-config argo-cd': {
    side: 'inside',
    summary: 'Write repositories and pinned applications for Argo CD',
  },
  'mirror-config flux': { side: 'inside', summary: 'Write pinned Git sources for Flux' },
  'depot ls': { side: 'either', summary: 'List the releases in a depot or on a medium' },
  'ledger show': { side: 'either', summary: 'Show what was done' },
  'ledger verify': { side: 'either', summary: 'Prove that nobody changed the record' },
  'ledger export': { side: 'either', summary: 'Write the record as lines for an auditor or a SIEM' },
  'ledger restart': { side: 'inside', summary: 'Begin a lost ledger anew, so that everybody sees it' },
  doctor: { side: 'either', summary: 'Check this machine, with remedies' },
} as const;

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);
