import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, cp, lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { flipByte, which } from '@gapferry/testkit';
import { type Demo, IMAGE, inDemo, SITE } from './demo.ts';
import { expect } from './failure.ts';
import { fingerprint } from './outside.ts';

export async function replayFirst(demo: Demo): Promise<void> {
  const { screen, shell } = demo;
  screen.heading('Replay: the older release, genuine and whole, is still on the stick');
  const before = await snapshot(inDemo(demo, 'site/embedded'));
  await shell.gapferry(['import', 'stick#demo/1', ...SITE, '--yes'], { exit: 4 });
  const after = await snapshot(inDemo(demo, 'site/embedded'));
  expect(after === before, 'the refused import changed something in the embedded depot');
  screen.proved('refused with exit code 4: a site never goes back; its embedded depot is untouched');
}

export async function damageStick(demo: Demo): Promise<void> {
  const { screen, shell } = demo;
  screen.heading('Damage: one byte of one layer on the stick flips, and a new site imports it');
  await addSite(demo);
  const blob = await newestLayer(inDemo(demo, 'stick'));
  await chmod(blob, 0o644);
  const middle = Math.floor((await stat(blob)).size / 2);
  await flipByte(blob, middle);
  screen.quote([`byte ${middle} of stick/blobs/sha256/${basename(blob).slice(0, 12)}… is flipped`]);
  const { stderr } = await shell.gapferry(['import', 'stick', '--site', 'site-8/site.yaml', '--yes'], {
    exit: 4,
  });
  expect(stderr.includes(IMAGE), `the error does not name ${IMAGE}:\n${stderr}`);
  const reached = await snapshot(inDemo(demo, 'site-8/embedded'));
  expect(reached === '', `something reached the target of the new site:\n${reached}`);
  await flipByte(blob, middle);
  screen.proved('refused with exit code 4 before anything reached the target; the item is named');
}

/** A second site with the same policy, pinned, and an empty target. */
async function addSite(demo: Demo): Promise<void> {
  for (const name of ['site.yaml', 'trust.yaml', 'keys'])
    await cp(inDemo(demo, 'site', name), inDemo(demo, 'site-8', name), { recursive: true });
  const digits = await fingerprint(demo);
  await demo.shell.gapferry(['trust', 'pin', '--site', 'site-8/site.yaml', '--fingerprint', digits], {
    quietly: true,
  });
}

/** File of the last layer of the image whose tag stands in the medium's index. */
async function newestLayer(medium: string): Promise<string> {
  const blob = (digest: string): string => join(medium, 'blobs', 'sha256', digest.slice('sha256:'.length));
  const read = async (path: string): Promise<Document> => JSON.parse(await readFile(path, 'utf8'));
  const { manifests = [] } = await read(join(medium, 'index.json'));
  const root = manifests.find(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === IMAGE,
  );
  const index = await read(blob(root?.digest ?? ''));
  const manifest = await read(blob(index.manifests?.[0]?.digest ?? ''));
  return blob(manifest.layers?.at(-1)?.digest ?? '');
}

interface Document {
  readonly manifests?: ReadonlyArray<{
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }>;
  readonly layers?: ReadonlyArray<{ readonly digest: string }>;
}

/** Every file below a directory with size and time of its last change; '' where there is none. */
async function snapshot(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  const lines = await Promise.all(
    files.sort().map(async (path) => {
      const { size, mtimeMs } = await lstat(path);
      return `${path} ${size} ${mtimeMs}`;
    }),
  );
  return lines.join('\n');
}

export async function checkNames(demo: Demo): Promise<void> {
  const { screen, shell } = demo;
  screen.heading('Every blob is what its name says');
  const directory = inDemo(demo, 'site/embedded/blobs/sha256');
  const names = (await readdir(directory)).sort();
  const paths = names.map((name) => join(directory, name));
  const digests =
    which('sha256sum') === undefined ? await Promise.all(paths.map(hashFile)) : await sums(shell, paths);
  for (const [i, name] of names.entries())
    expect(digests[i] === name, `the blob ${name} has the sha256 ${digests[i]}`);
  const tool = which('sha256sum') === undefined ? 'node' : 'sha256sum';
  screen.proved(`${tool} agrees with the names of all ${names.length} blobs in site/embedded/blobs/sha256`);
}

async function sums(shell: Demo['shell'], paths: readonly string[]): Promise<string[]> {
  const { stdout } = await shell.run('sha256sum', paths, { quietly: true });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.slice(0, 64));
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
