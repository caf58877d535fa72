import { writeFile } from 'node:fs/promises';
import { makeLock } from '@gapferry/bundle';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { keepLock, readBundle } from './read-bundle.ts';

it('says that the release was sealed when only its lock cannot be kept', async () => {
  await using home = await temporaryDirectory();
  const file = home.join('bundle.yaml');
  await writeFile(file, 'format: gapferry.bundle/1\nname: line-a\nimages: [docker.io/library/nginx:1]\n');
  // Nothing can be written below a file, by root either.
  const bundle = { ...(await readBundle(file)), lockFile: `${file}/bundle.lock.json` };
  await expect(keepLock(bundle, makeLock('line-a', []), 'line-a/3')).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringMatching(
      /^release line-a\/3 is in the depot, but its lock could not be kept: cannot write /,
    ),
    data: { release: 'line-a/3' },
  });
});
