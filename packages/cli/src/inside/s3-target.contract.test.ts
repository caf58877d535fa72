import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { startS3Server } from '@gapferry/testkit';
import { openS3Fixture } from '../testing/s3-place.ts';

describeTarget('a bucket', () => makeFixture({}), 'files');
describeTarget(
  'a bucket that keeps versions and locks objects',
  () => makeFixture({ objectLock: true }),
  'files',
);

async function makeFixture(bucket: { readonly objectLock?: boolean }): Promise<TargetFixture> {
  const server = await startS3Server({ buckets: { plant: bucket } });
  const lock = { mode: 'governance', days: 1 } as const;
  const policy = { overwrite: 'replace', ...(bucket.objectLock && { lock }) } as const;
  const { target, http } = openS3Fixture(server, { policy });
  return {
    target,
    files: true,
    spoil: async ({ digest }, how) => {
      const hex = digest.slice('sha256:'.length);
      const keys = server
        .keys('plant')
        .filter((key) => server.object('plant', key)?.metadata['x-amz-meta-gapferry-sha256'] === hex);
      for (const key of keys)
        if (how === 'remove') server.take('plant', key);
        else server.place('plant', key, Buffer.from('something else'), { 'gapferry-sha256': 'f'.repeat(64) });
      if (how === 'remove') server.take('plant', 'line-a/1.0.0/tools/setup.txt');
    },
    close: async () => {
      http.close();
      await server.close();
    },
  };
}
