import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  gitEnvironment,
  lfsPointer,
  mustRun,
  seededBuffer,
  startLfsServer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferryCommand, gapferryJson, type Machine } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { killWhen } from './support/kill-when.ts';
import { largestBelow } from './support/largest-below.ts';

const MODEL = seededBuffer(3_000_000, 'model');
const SMALL = Buffer.from('small\n');
const OID = createHash('sha256').update(MODEL).digest('hex');
let home: TemporaryDirectory;
let machines: TwoMachines;
let server: Awaited<ReturnType<typeof startLfsServer>>;

beforeEach(async () => {
  home = await temporaryDirectory();
  await createRepository(home.join('srv/ops/models.git'), [
    {
      message: 'Begin',
      files: {
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'a.bin': lfsPointer(MODEL),
        'b.bin': lfsPointer(SMALL),
      },
    },
  ]);
  server = await startLfsServer(home.join('srv'), { push: true });
  for (const content of [MODEL, SMALL]) server.add(content);
  const bundle = `format: gapferry.bundle/1\nname: line-a\ngit:\n  - {url: "${server.url}/ops/models.git", as: git.example.org/models}\n`;
  machines = await makeTwoMachines({ bundle, environment: {} });
});
afterEach(async () => {
  await machines.close();
  await server.close();
  await home.remove();
});

describe('a depot that has lost a Git LFS object', { timeout: 60_000 }, () => {
  it('gets it again although nothing moved upstream, and the release stays what it was', async () => {
    await machines.collect('--first', '--version', '1.0.0');
    const { outside } = machines;
    await rm(join(outside.directory, 'depot/blobs/sha256', OID), { force: true });
    const before = server.requests.length;
    expect(await machines.collect('--version', '1.0.0')).toMatchObject({ kind: 'unchanged' });
    const asked = server.requests.slice(before).filter(({ url }) => url.startsWith('/storage/'));
    expect(asked.map(({ url }) => url)).toEqual([`/storage/${OID}`]);
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
  });
});

describe('kill -9 in the middle of a Git LFS object', { timeout: 60_000 }, () => {
  it('leaves what came to a collect: the next one asks for the rest only', async () => {
    const path = `/storage/${OID}`;
    server.addFault({
      match: (request) => request.path === path,
      times: 1,
      do: { kind: 'stall', afterBytes: 1_500_000 },
    });
    const { outside } = machines;
    const command = gapferryCommand(outside, ['collect', 'bundles/line-a', '--first', '--version', '1.0.0']);
    await killWhen(command, async () => (await largestBelow(join(outside.directory, 'depot'))) >= 1_000_000);
    expect(await machines.collect('--first', '--version', '1.0.0')).toMatchObject({ kind: 'sealed' });
    const ranges = server.requests.filter(({ url }) => url === path).map(({ headers }) => headers['range']);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d{6}-$/)]);
    const blob = await readFile(join(outside.directory, 'depot/blobs/sha256', OID));
    expect(createHash('sha256').update(blob).digest('hex')).toBe(OID);
  });

  it('leaves an import that the next one brings to its end: no ref is set before', async () => {
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
    await mkdir(home.join('forge/git.example.org'), { recursive: true });
    const bare = home.join('forge/git.example.org/models.git');
    await mustRun('git', ['init', '-q', '--bare', bare], { env: gitEnvironment() });
    await using forge = await startLfsServer(home.join('forge'), { push: true });
    const inside: Machine = {
      ...machines.inside,
      environment: { ...machines.inside.environment, NETWORK_ALLOWED: forge.host },
    };
    await writeFile(
      join(inside.directory, 'site/site.yaml'),
      `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {name: forge, kind: git, url: "${forge.url}"}\n`,
    );
    const args = ['import', machines.stick, '--site', 'site/site.yaml', '--yes'];
    const isPut = ({ method, url }: { readonly method: string; readonly url: string }): boolean =>
      method === 'PUT' && url.endsWith(OID);
    forge.addFault({ match: isPut, times: 1, do: { kind: 'stall' } });
    await killWhen(gapferryCommand(inside, args), async () => forge.requests.some(isPut));
    const refs = (): Promise<string> =>
      mustRun('git', ['-C', bare, 'for-each-ref', 'refs/heads', 'refs/tags']);
    expect(await refs()).toBe('');
    expect(await gapferryJson(inside, args)).toMatchObject({ kind: 'loaded' });
    expect(await refs()).toContain('refs/heads/main');
    expect([...forge.objects.keys()].sort()).toEqual([...server.objects.keys()].sort());
    expect(await gapferryJson(inside, args)).toMatchObject({ kind: 'unchanged' });
  });
});
