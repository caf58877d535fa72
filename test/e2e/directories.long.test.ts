import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '@gapferry/testkit';
import { afterEach, expect, it } from 'vitest';
import { gapferry } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

let machines: TwoMachines;
afterEach(() => machines.close());

const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit, as: tools/kit}
  - {path: ../../kit/bin/run, as: tools/run}
`;

/** Every file with its bytes and whether it can be run, as find and sha256sum see it. */
async function seen(directory: string): Promise<string> {
  const list = 'find . -type f -perm -u+x -printf "%p x\\n"; find . -type f | xargs sha256sum';
  const lines = await mustRun('sh', ['-c', list], { cwd: directory });
  return lines.trim().split('\n').sort().join('\n');
}

it('carries a directory with structure and executable bit, and what changes in it', {
  timeout: 120_000,
}, async () => {
  machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
  const kit = join(machines.outside.directory, 'kit');
  const put = async (path: string, text: string, mode = 0o644): Promise<void> => {
    await mkdir(dirname(join(kit, path)), { recursive: true });
    await writeFile(join(kit, path), text, { mode });
  };
  await put('bin/run', '#!/bin/sh\necho 1\n', 0o755);
  await put('doc/a.txt', 'a');
  // More than stand in line.
  for (let i = 0; i < 1100; i++) await put(`data/${i % 10}/${i}`, `text ${i % 50}`);
  expect(await machines.collect('--first', '--version', '1.0.0')).toMatchObject({ totals: { items: 2 } });
  await machines.export();
  const planned = await gapferry(machines.inside, ['plan', machines.stick, '--site', 'site/site.yaml']);
  expect(planned.stdout).toMatch(/create +file tools\/kit\/ +→ tools\/kit\/ .*1,102 files/);
  expect(await machines.import()).toMatchObject({ kind: 'loaded' });
  expect(await seen(machines.embedded('files/tools/kit'))).toBe(await seen(kit));
  expect(await machines.import()).toMatchObject({ kind: 'unchanged' });

  await put('doc/a.txt', 'b');
  await put('doc/new.txt', 'new');
  await rm(join(kit, 'data/0/0'));
  const stale = await gapferry(machines.outside, ['collect', 'bundles/line-a', '--locked']);
  expect([stale.code, stale.stderr]).toEqual([4, expect.stringContaining('the lock says')]);
  expect(await machines.collect('--version', '1.1.0')).toMatchObject({ kind: 'sealed' });
  const { stdout } = await gapferry(machines.outside, ['diff', 'depot#line-a/1', 'depot#line-a/2']);
  expect(stdout).toContain('changed  tools/kit/  1 added, 1 changed, 1 removed');
  expect(stdout).toContain('    removed  tools/kit/data/0/0');
  await machines.export();
  expect(await machines.import()).toMatchObject({ kind: 'loaded' });
  // What an earlier release put there stays.
  await put('data/0/0', 'text 0');
  expect(await seen(machines.embedded('files/tools/kit'))).toBe(await seen(kit));
  expect(await machines.reached()).toBe('');
});
