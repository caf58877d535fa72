import type { GitPin, Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';

/** `lfs.url` in the `.lfsconfig` of the commit that HEAD names, or else of the first ref; undefined where there is none. Nothing else of the file counts, and nothing that it includes. */
export async function readLfsUrl(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  run: Run,
): Promise<string | undefined> {
  const tip = pin.refs.find(({ name }) => name === pin.head) ?? pin.refs[0];
  if (tip === undefined) return undefined;
  const repository = mirror.directory;
  const doing = `read the .lfsconfig of ${pin.url}`;
  const input = `${tip.oid}^{commit}:.lfsconfig\n`;
  const looked = await git.run(
    {
      repository,
      doing,
      args: ['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'],
      input,
    },
    run,
  );
  const [, blob, size] = /^([0-9a-f]+) blob (\d+)$/m.exec(looked.text) ?? [];
  if (blob === undefined || Number(size) > 65_536) return undefined;
  const args = ['config', `--blob=${blob}`, '--no-includes', '--get', 'lfs.url'];
  // 1: not there. 128: no configuration at all, which git-lfs does not take either.
  const { status, text } = await git.run({ repository, doing, args, accept: [1, 128] }, run);
  const url = text.trim();
  return status !== 0 || url === '' ? undefined : url;
}
