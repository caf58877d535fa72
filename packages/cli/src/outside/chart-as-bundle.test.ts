import { mkdir, writeFile } from 'node:fs/promises';
import { makeChart, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chartAsBundle } from './chart-as-bundle.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

describe('a chart on the command line', () => {
  it('of a registry has its version behind the colon, with Helm’s underscore for a plus', async () => {
    const bundle = await chartAsBundle('oci://r.example:5000/charts/a:1.0.0_build', {
      insecure: ['r.example:5000'],
    });
    expect(bundle?.config).toMatchObject({
      wishes: [{ kind: 'chart', from: 'oci', ref: 'r.example:5000/charts/a', version: '1.0.0+build' }],
      insecure: ['r.example:5000'],
    });
  });

  it.each(['oci://r.example:5000/charts/a', `oci://r.example/a@sha256:${'a'.repeat(64)}`])(
    'needs a version: %s',
    async (text) => {
      await expect(chartAsBundle(text, {})).rejects.toMatchObject({ code: 'USAGE' });
    },
  );

  it('is a directory or an archive by its own name', async () => {
    await mkdir(home.join('any'));
    await writeFile(home.join('any', 'Chart.yaml'), 'apiVersion: v2\nname: historian\nversion: 1.0.0\n');
    const { archive } = await makeChart({ name: 'mqtt', version: '1.0.0' });
    await writeFile(home.join('x.tgz'), archive);
    const refs = [];
    for (const path of [home.join('any'), home.join('x.tgz')])
      refs.push((await chartAsBundle(path, {}))?.config.wishes[0]);
    expect(refs).toMatchObject([
      { from: 'local', path: home.join('any'), ref: 'localhost/historian' },
      { from: 'local', path: home.join('x.tgz'), ref: 'localhost/mqtt' },
    ]);
  });

  it('is rendered with the values that are named', async () => {
    await writeFile(home.join('v.yaml'), 'a: 1');
    const settings = { values: [home.join('v.yaml')], namespace: 'ot' };
    const bundle = await chartAsBundle('oci://r.example/a:1.0.0', settings);
    expect(bundle?.config.wishes[0]).toMatchObject({
      rendering: { values: [{ file: home.join('v.yaml') }], namespace: 'ot' },
    });
    expect([...(bundle?.values ?? [])]).toEqual([[home.join('v.yaml'), 'a: 1']]);
  });

  it('is nothing else: a bundle is read as one', async () => {
    await writeFile(home.join('bundle.yaml'), '');
    expect(await chartAsBundle(home.path, {})).toBeUndefined();
    expect(await chartAsBundle(home.join('bundle.yaml'), {})).toBeUndefined();
    expect(await chartAsBundle(home.join('gone'), {})).toBeUndefined();
  });
});
