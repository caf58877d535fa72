import { join } from 'node:path';

/** What to do next on one's own site. */
export function nextText(): string {
  return [
    'Next, with your own images, on a machine with internet:',
    '  npm run -s gapferry -- init my-zone --bundle line-a --site plant-7 --image docker.io/library/nginx:1.27',
    '  then follow what init prints: collect, export, trust pin, import. README.md goes through it in five minutes.',
    'To look at what the demo made: npm run demo -- --keep DIR. The bundle stands in bundles/demo/bundle.yaml.',
  ].join('\n');
}

/** What lies where, and commands to go on with. */
export function keptText(directory: string, root: string): string {
  return [
    `Kept in ${directory}:`,
    '  bundles/demo   the bundle and its lock        depot    outside: both releases and the ledger',
    '  stick          the medium, a depot itself     site     inside: policy, marks, receipts, ledger',
    '  keys           the signer of the releases     site/embedded   the target: OCI layout, git, files',
    '  depot-b, site-8 and pulled are left from the checks',
    'Go on:',
    `  cd ${directory}`,
    `  alias gapferry=${join(root, 'node_modules/.bin/gapferry')}`,
    '  gapferry verify stick --site site/site.yaml',
    '  gapferry ledger show site/state',
    '  gapferry serve site/embedded --port 5000',
    `To collect again, the upstream must be up: npm --prefix ${root} run -s demo:upstream`,
  ].join('\n');
}
