import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '@gapferry/testkit';
import { afterEach, expect, it } from 'vitest';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

let machines: TwoMachines;
afterEach(() => machines.close());

/** 100,000 take a quarter of an hour on two busy cores: GAPFERRY_MANY_FILES=100000. */
const COUNT = Number(process.env['GAPFERRY_MANY_FILES'] ?? 10_000);

it(`carries ${COUNT} small files as one directory`, { timeout: 300_000 + COUNT * 20 }, async () => {
  const bundle = 'format: gapferry.bundle/1\nname: line-a\nfiles: [{path: ../../many, as: many}]\n';
  machines = await makeTwoMachines({ bundle, environment: {} });
  const many = join(machines.outside.directory, 'many');
  for (let part = 0; part < COUNT / 100; part++) {
    const directory = join(many, `d${part}`);
    await mkdir(directory, { recursive: true });
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => writeFile(join(directory, `${i}`), `${part} ${i}`)),
    );
  }
  expect(await machines.collect('--first', '--version', '1.0.0')).toMatchObject({
    totals: { items: 1, blobs: COUNT + 1 },
  });
  await machines.export();
  expect(await machines.import()).toMatchObject({ kind: 'loaded' });
  const sums = async (directory: string): Promise<string> =>
    await mustRun('sh', ['-c', 'find . -type f | sort | xargs sha256sum | sha256sum'], { cwd: directory });
  expect(await sums(machines.embedded('files/many'))).toBe(await sums(many));
  expect(await machines.import()).toMatchObject({ kind: 'unchanged' });
});
