import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { which } from '@gapferry/testkit';
import { type Demo, IMAGE } from './demo.ts';
import { expect } from './failure.ts';
import type { PullPlace } from './pull-place.ts';
import { pullWithFetch } from './pull-with-fetch.ts';

/** A program that fetches from the served depot and proves that it got what upstream published. */
export interface Client {
  /** Programs it needs. */
  readonly tools: readonly string[];
  /** Returns what was proved. */
  pull(demo: Demo, place: PullPlace): Promise<string>;
}

const CLIENTS: readonly Client[] = [
  { tools: ['git'], pull: cloneWithGit },
  { tools: ['skopeo'], pull: copyWithSkopeo },
  { tools: ['crane'], pull: askWithCrane },
  { tools: ['curl', 'sha256sum'], pull: downloadWithCurl },
  { tools: [], pull: (_demo, place) => pullWithFetch(place) },
];

/** The clients that can work on this machine, and the programs that are not there. */
export function clientsHere(): { readonly here: readonly Client[]; readonly missing: readonly string[] } {
  const missing = CLIENTS.flatMap(({ tools }) => tools).filter((tool) => which(tool) === undefined);
  return { here: CLIENTS.filter(({ tools }) => !tools.some((tool) => missing.includes(tool))), missing };
}

async function cloneWithGit({ shell }: Demo, { url, into, published }: PullPlace): Promise<string> {
  await shell.run('git', ['clone', '--quiet', `${url}/git/git.demo.example/gapferry.git`, 'pulled/gapferry']);
  const listed = ['-C', join(into, 'gapferry'), 'for-each-ref', '--format=%(refname) %(objectname)'];
  const { stdout } = await shell.run('git', listed, { quietly: true });
  const wanted = Object.entries(published.refs).map(
    ([name, oid]) => `${name.replace('refs/heads/', 'refs/remotes/origin/')} ${oid}`,
  );
  const lines = stdout.split('\n');
  for (const ref of wanted) expect(lines.includes(ref), `git clone lacks ${ref}; it has\n${stdout}`);
  await shell.run('git', ['-C', join(into, 'gapferry'), 'fsck', '--strict'], { quietly: true });
  const main = published.refs['refs/heads/main'] ?? '';
  return `git: ${wanted.length} refs with upstream's commit ids, main at ${main.slice(0, 12)}; fsck finds nothing`;
}

/** `dir:` keeps every manifest and layer as it was sent. */
async function copyWithSkopeo({ shell }: Demo, { url, into, published }: PullPlace): Promise<string> {
  await mkdir(into, { recursive: true });
  const from = `docker://${url.replace('http://', '')}/${IMAGE}`;
  const args = [
    'copy',
    '--quiet',
    '--insecure-policy',
    '--all',
    '--src-tls-verify=false',
    from,
    'dir:pulled/image',
  ];
  await shell.run('skopeo', args, { show: 0 });
  const manifest = await readFile(join(into, 'image', 'manifest.json'));
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  expect(digest === published.image, `skopeo got ${digest}, upstream has ${published.image}`);
  return `skopeo: the image has upstream's digest ${digest.slice(0, 19)}`;
}

async function askWithCrane({ shell }: Demo, { url, published }: PullPlace): Promise<string> {
  const args = ['digest', '--insecure', `${url.replace('http://', '')}/${IMAGE}`];
  const { stdout } = await shell.run('crane', args, { show: 0 });
  expect(stdout.trim() === published.image, `crane got ${stdout.trim()}, upstream has ${published.image}`);
  return `crane: the image has upstream's digest ${published.image.slice(0, 19)}`;
}

async function downloadWithCurl({ shell }: Demo, { url, into, published }: PullPlace): Promise<string> {
  await mkdir(into, { recursive: true });
  const args = ['-fsS', `${url}/files/site-check/site-check.sh`, '-o', 'pulled/site-check.sh'];
  await shell.run('curl', args);
  const { stdout } = await shell.run('sha256sum', ['pulled/site-check.sh'], { show: 0 });
  const digest = `sha256:${stdout.slice(0, 64)}`;
  expect(digest === published.file.digest, `curl got ${digest}, upstream has ${published.file.digest}`);
  return `curl and sha256sum: the file is the one that bundle.yaml names by ${digest.slice(0, 19)}`;
}
