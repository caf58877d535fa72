import { mkdir, writeFile } from 'node:fs/promises';
import { parseBundleConfig } from '@gapferry/bundle';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readValues } from './read-values.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

async function values(list: string, more = ''): ReturnType<typeof readValues> {
  const yaml = `format: gapferry.bundle/1\nname: a\ncharts:\n  - oci: a.example/b\n    version: 1.0.0\n    values: ${list}\n${more}`;
  const file = home.join('bundle.yaml');
  await writeFile(file, yaml);
  return readValues({ config: parseBundleConfig(yaml, 'bundle.yaml', (url) => url), file });
}

describe('values files of charts', () => {
  it('are read from beside bundle.yaml, each once', async () => {
    await mkdir(home.join('values'));
    await writeFile(home.join('values', 'a.yaml'), 'a: 1\n');
    const read = await values('[values/a.yaml, {b: 2}, values/a.yaml]');
    expect([...read]).toEqual([['values/a.yaml', 'a: 1\n']]);
  });

  it('are read of every installation of a chart', async () => {
    for (const name of ['a', 'b', 'c']) await writeFile(home.join(`${name}.yaml`), name);
    const read = await values('a.yaml', '    installations: [{values: b.yaml}, {values: c.yaml}]\n');
    expect([...read.keys()].sort()).toEqual(['a.yaml', 'b.yaml', 'c.yaml']);
  });

  it('are refused all at once, each with its line, when they cannot be read or are too large', async () => {
    await writeFile(home.join('large.yaml'), Buffer.alloc(4_194_305, '#'));
    const file = home.join('bundle.yaml');
    await expect(values('[gone.yaml, large.yaml]')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${file}:6: gone.yaml: there is no such file\n${file}:6: large.yaml: it has more than 4194304 bytes`,
      hint: 'the paths of values files start from the directory of bundle.yaml',
    });
  });
});
