import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@gapferry/core';
import { gitEnvironment, isMissing, mustRun, runProcess } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine } from '../support/command-line.ts';
import { rightBlobs } from '../support/right-blobs.ts';
import { GIT, REGISTRY, TOOL_SHA256 } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

let zone: Zone;
beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
  await zone.import();
}, 60_000);
afterAll(() => zone.close());

const inDepot = (...parts: readonly string[]): string => join(zone.outside.directory, 'depot', ...parts);

describe('independent tools', { timeout: 60_000 }, () => {
  it('find that every blob has the digest that is its name', async () => {
    for (const depot of [inDepot(), zone.stick, zone.embedded()]) {
      const names = await readdir(join(depot, 'blobs/sha256'));
      const sums = await mustRun('sha256sum', names, { cwd: join(depot, 'blobs/sha256') });
      for (const line of sums.trim().split('\n')) expect(line.slice(0, 64)).toBe(line.slice(66));
    }
  });

  it.skipIf(isMissing('skopeo'))('read the depot as an OCI layout', async () => {
    const name = `oci:${inDepot()}:${REGISTRY}/line-a/app:1.0`;
    const raw = await mustRun('skopeo', ['inspect', '--raw', name]);
    const { manifests } = JSON.parse(raw) as { manifests: Array<{ platform: { architecture: string } }> };
    expect(manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
  });

  it('get commits, images and files from what serve offers', async () => {
    await whileServing(async (url) => {
      const clone = zone.path('clone');
      await mustRun('git', ['clone', '--quiet', `${url}/git/${GIT}/ops/line-a.git`, clone], {
        env: gitEnvironment(),
      });
      const head = await mustRun('git', ['-C', clone, 'rev-parse', 'HEAD'], { env: gitEnvironment() });
      expect(head.trim()).toBe((await zone.upstream.git.refs())['refs/heads/main']);
      const fetched = await fetch(`${url}/files/tools/tool.bin`);
      expect(digestOf(new Uint8Array(await fetched.arrayBuffer()))).toBe(`sha256:${TOOL_SHA256}`);
      if (isMissing('skopeo')) return;
      const copied = await runProcess('skopeo', [
        'copy',
        '--all',
        '--src-tls-verify=false',
        `docker://${url.replace(/^http:\/\//, '')}/${REGISTRY}/line-a/app:1.0`,
        `oci:${zone.path('pulled')}:app`,
      ]);
      expect(copied.code, copied.stderr).toBe(0);
      expect(await rightBlobs(zone.embedded())).toEqual(
        expect.arrayContaining(await rightBlobs(zone.path('pulled'))),
      );
    });
  });
});

describe('the same lock', { timeout: 60_000 }, () => {
  it('gives the same manifest, byte by byte, in two depots', async () => {
    await zone.collect('--locked', '--first', '--version', '1.0.0', '--depot', 'one');
    await zone.upstream.change();
    await zone.collect('--locked', '--first', '--version', '1.0.0', '--depot', 'two');
    const [one, two] = await Promise.all(
      ['one', 'two'].map((depot) =>
        readFile(join(zone.outside.directory, depot, 'releases/line-a/1/manifest.json')),
      ),
    );
    expect(two?.equals(one ?? Buffer.alloc(0))).toBe(true);
    expect(await readFile(inDepot('releases/line-a/1/manifest.json'))).toEqual(one);
  });

  it('is refused when the bundle wants something else', async () => {
    const bundle = join(zone.outside.directory, 'bundles/line-a/bundle.yaml');
    const text = await readFile(bundle, 'utf8');
    await writeFile(bundle, text.replace('"^4"', '"^4.1"'));
    const { error } = await gapferryJson(zone.outside, ['collect', 'bundles/line-a', '--locked'], 2);
    expect(error?.code).toBe('LOCK_STALE');
    expect(error?.message).toContain('historian');
    await writeFile(bundle, text);
  });
});

describe('the number of a release', { timeout: 60_000 }, () => {
  const collecting = (exitCode: number, ...flags: string[]): Promise<unknown> =>
    gapferryJson(zone.outside, ['collect', 'bundles/line-a', ...flags], exitCode);

  it('is never 1 a second time', async () => {
    expect(await collecting(2, '--first')).toMatchObject({ error: { code: 'FIRST_RELEASE_UNCLEAR' } });
  });

  it('is not guessed in a depot without history', async () => {
    expect(await collecting(2, '--depot', 'new')).toMatchObject({ error: { code: 'FIRST_RELEASE_UNCLEAR' } });
  });

  it('goes on after the last one of another depot, which the site accepts', async () => {
    const sealed = await collecting(0, '--depot', 'new', '--after', zone.stick, '--version', '2.0.0');
    expect(sealed).toMatchObject({ kind: 'sealed', release: { sequence: 2 } });
    await gapferryJson(zone.outside, ['export', 'new', '--to', zone.stick]);
    expect(await zone.import()).toMatchObject({ kind: 'loaded', record: { sequence: 2 } });
  });
});

/** Runs `gapferry serve` (a shell tells its process id first) on a free port until `use` is done. */
async function whileServing(use: (url: string) => Promise<void>): Promise<void> {
  const machine: Machine = { directory: zone.inside.directory };
  const announced = Promise.withResolvers<{ url: string; pid: number }>();
  const serving = gapferry(
    { ...machine, through: ['sh', '-c', 'echo "$$" >&2; exec "$@"', 'sh'] },
    ['serve', 'site/embedded', '--port', '0'],
    {
      killAfter: ({ stdout, stderr }) => {
        const url = /serving .* at (http:\S+)/.exec(stdout)?.[1];
        if (url !== undefined) announced.resolve({ url, pid: Number(stderr.split('\n')[0]) });
        return false;
      },
    },
  );
  void serving.then(({ stderr }) => announced.reject(new Error(`serve ended early: ${stderr}`)));
  const { url, pid } = await announced.promise;
  try {
    await use(url);
  } finally {
    process.kill(pid, 'SIGTERM');
    await serving;
  }
}
