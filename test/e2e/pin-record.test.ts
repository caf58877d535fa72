import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';

let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
  await writeFile(
    home.join('site.yaml'),
    'format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: none\ntargets: [{ name: depot, kind: depot, path: depot }]\n',
  );
});
afterAll(() => home.remove());

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = publicKey.export({ type: 'spki', format: 'pem' });

/** Writes a policy and pins it by its own fingerprint. */
async function pin(version: number, mark: number, exitCode = 0): Promise<Reported> {
  const policy = {
    format: 'gapferry.trust/1',
    version,
    keys: { collector: { pem: PEM, owner: 'staging' } },
    channels: {
      'line-a': {
        allow: { images: ['**'] },
        require: [{ role: 'collector', keys: ['collector'], count: 1 }],
        mark: { sequence: mark },
      },
    },
  };
  await writeFile(home.join('trust.yaml'), JSON.stringify(policy));
  const machine = { directory: home.path };
  const shown = await gapferryJson(machine, ['trust', 'show', '--trust', 'trust.yaml']);
  const { digest } = shown['fingerprint'] as { digest: string };
  return await gapferryJson(
    machine,
    ['trust', 'pin', '--site', 'site.yaml', '--fingerprint', digest],
    exitCode,
  );
}

it('the record has the pins that were made, with the marks they set, and none that was refused', {
  timeout: 60_000,
}, async () => {
  await pin(2, 40);
  expect((await pin(1, 3, 4)).error).toMatchObject({ code: 'TRUST_MISMATCH' });
  const { entries } = (await gapferryJson({ directory: home.path }, [
    'ledger',
    'show',
    'state',
  ])) as Reported & {
    entries: Array<{ kind: string; data: unknown }>;
  };
  expect(entries.map(({ kind, data }) => [kind, data])).toEqual([
    [
      'trust.pinned',
      { version: 2, digest: expect.stringMatching(/^sha256:/), marks: { 'line-a': { sequence: 40 } } },
    ],
  ]);
});

it('the state is that of the site that pinned: under another name nothing is done with it', {
  timeout: 60_000,
}, async () => {
  const file = home.join('site.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('plant-7', 'plant-8'));
  for (const command of [['status'], ['trust', 'pin', '--fingerprint', 'any']]) {
    const typed = [...command, '--site', 'site.yaml'];
    const { error } = await gapferryJson({ directory: home.path }, typed, 2);
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('this is site plant-8, and its state'),
      hint: expect.stringContaining('write "name: plant-7" again'),
    });
  }
});
