/** What `init` was told. */
export interface InitAnswers {
  readonly bundle: string;
  readonly site: string;
  readonly owner: string;
  readonly images: readonly string[];
  readonly git: readonly string[];
}

export function bundleYaml({ bundle, images, git }: InitAnswers): string {
  return [
    'format: gapferry.bundle/1',
    `name: ${bundle}        # also the channel that sites subscribe to`,
    'platforms: [linux/amd64]',
    ...section('images', images),
    ...(git.length === 0 ? [] : ['git:', ...git.map((url) => `  - {url: ${quote(url)}}`)]),
    '# charts:',
    '#   - {repo: https://charts.example.org, name: historian, version: "^4"}',
    '#   - {oci: oci://registry.example.org/charts/mqtt, version: 1.2.3}',
    ...(git.length === 0
      ? ['# git:', '#   - {url: https://git.example.org/ops/line-a.git, refs: [main, "v1.*"]}']
      : []),
    '# files:',
    '#   - {url: https://example.org/k3s/v1.31.2/k3s, sha256: 64-hex-digits, as: k3s/v1.31.2/k3s}',
    '',
  ].join('\n');
}

function section(name: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : [`${name}:`, ...entries.map((entry) => `  - ${quote(entry)}`)];
}

function quote(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._/:@+-]*$/.test(text) && !text.includes(': ') ? text : JSON.stringify(text);
}

export function siteYaml({ site }: InitAnswers): string {
  return [
    'format: gapferry.site/1',
    `name: ${site}`,
    'trust: trust.yaml',
    `key: keys/${site}.key         # signs receipts`,
    'state: state                  # pinned policy, marks, ledger, receipts',
    'targets:',
    '  - {name: embedded, kind: depot, path: embedded, takes: [images, charts, git, files]}',
    '',
  ].join('\n');
}

export function trustYaml({ bundle, owner }: InitAnswers): string {
  return [
    'format: gapferry.trust/1',
    'version: 1                    # only ever grows',
    'keys:',
    `  collector: {file: keys/collector.pub, owner: ${quote(owner)}}`,
    'channels:',
    `  ${bundle}:`,
    '    # What this channel may bring in. "**" is everything: narrow it to what the site really needs.',
    '    allow: {images: ["**"], charts: ["**"], git: ["**"], files: ["**"]}',
    '    require:',
    '      - {role: collector, keys: [collector], count: 1}',
    '    # Who may order a way back to an older release. Nobody, until a key is named: name it before it is needed.',
    '    # overrides:',
    '    #   - {role: approver, keys: [collector], count: 1}',
    '',
  ].join('\n');
}

/** Private keys and depots do not belong into version control. */
export const GITIGNORE: string = ['*.key', '/depot/', '/site/state/', '/site/embedded/', ''].join('\n');
