import { chmod, open, readdir, utimes } from 'node:fs/promises';
import { type BlobReader, quietRun } from '@gapferry/core';
import {
  gitEnvironment,
  mustRun,
  seededBytes,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { type OnePack, onePack } from '../testing/one-pack.ts';
import { type GitPusher, gitPusher } from './git-pusher.ts';

const run = quietRun();
let home: TemporaryDirectory;

beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const pusher = (target: string): GitPusher =>
  gitPusher({
    git: createGit({ environment: gitEnvironment() }),
    workDirectory: home.join('work', target),
    keptDirectory: home.join('kept'),
    wait: async () => {},
  });

async function release(): Promise<OnePack> {
  const noise = Buffer.concat(await Array.fromAsync(seededBytes(200_000, 'noise')));
  return await onePack(home, [{ message: 'one', files: { noise } }]);
}

async function pushTo(target: string, { content, medium }: OnePack) {
  const url = `file://${home.join(target)}`;
  const from = pusher(target);
  await from.create(url, 'sha1', 'refs/heads/main', run);
  const stage = await from.stage(content, medium, run);
  await stage.push(
    url,
    content.refs.map(({ name, oid }) => ({ name, oid, lease: {} })),
    run,
  );
  await mustRun('git', ['-C', home.join(target), 'fsck', '--full', '--strict'], { env: gitEnvironment() });
  await from.sweep();
}

it('targets share what was unpacked for one of them', async () => {
  const made = await release();
  await pushTo('one', made);
  const unread: BlobReader = {
    ...made.medium,
    open: () => {
      throw new Error('it was read again');
    },
  };
  await pushTo('two', { ...made, medium: unread });
});

it('packs of a repository that nobody brings any more go', async () => {
  await pushTo('one', await release());
  const [own = ''] = await readdir(home.join('kept'));
  await pusher('two').sweep();
  expect(await readdir(home.join('kept'))).toEqual([own]);
  await utimes(home.join('kept', own), new Date(), new Date(Date.now() - 181 * 86_400_000));
  await pusher('two').sweep();
  expect(await readdir(home.join('kept'))).toEqual([]);
});

it('damage in what is kept never reaches a host, and is gone with the push that met it', async () => {
  const made = await release();
  await pushTo('one', made);
  for (const name of await readdir(home.join('kept'), { recursive: true }))
    if (name.endsWith('.pack')) await scratch(home.join('kept', name));
  await expect(pushTo('two', made)).rejects.toMatchObject({ name: 'GapferryError' });
  const refs = ['-C', home.join('two'), 'for-each-ref'];
  expect(await mustRun('git', refs, { env: gitEnvironment() })).toBe('');
  await pushTo('three', made);
});

/** In the middle of the one large file. */
async function scratch(path: string): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(64, 1), 0, 64, 100_000);
  await file.close();
}
