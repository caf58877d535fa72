import { chmod, open, readdir, readFile } from 'node:fs/promises';
import { type BlobReader, type GitContent, quietRun } from '@gapferry/core';
import {
  createRepository,
  gitEnvironment,
  memoryBlobStore,
  mustRun,
  seededBytes,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
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

async function release(): Promise<{ content: GitContent; medium: BlobReader }> {
  const noise = Buffer.concat(await Array.fromAsync(seededBytes(200_000, 'noise')));
  const upstream = await createRepository(home.join('upstream'), [{ message: 'one', files: { noise } }]);
  const refs = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
  const command = 'git rev-list --objects --all | git pack-objects -q "$0"';
  const options = { cwd: upstream.path, env: gitEnvironment() };
  const name = (await mustRun('sh', ['-c', command, home.join('all')], options)).trim();
  const medium = memoryBlobStore();
  const { digest, size } = await medium.add(
    'application/x-git-pack',
    await readFile(home.join(`all-${name}.pack`)),
    run,
  );
  const base = { item: 'git a', repository: 'git.example/a', objectFormat: 'sha1', refs } as const;
  const packs = [{ digest, size, prerequisites: [] }];
  return { content: { phase: 'content', kind: 'git', ...base, packs }, medium };
}

async function pushTo(target: string, { content, medium }: Awaited<ReturnType<typeof release>>) {
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
