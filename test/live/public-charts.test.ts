import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quietRun } from '@gapferry/core';
import { createChartRenderer } from '@gapferry/helm';
import { mustRun, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { publicCharts } from './support/public-charts.ts';
import { lacks, tool } from './support/tools.ts';

const renderer = createChartRenderer();
const home = await temporaryDirectory();
const charts = lacks('helm', 'helm-4') ? [] : await publicCharts();
const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: home.path, TZ: 'UTC' };
afterAll(async () => {
  await renderer.close();
  await home[Symbol.asyncDispose]();
});

/** Certificates and keys that templates make differ between two runs of Helm too: PEM in base64. */
const settled = (text: string): string => text.replace(/LS0tLS1CRUdJTi[\w+/=]+/g, 'made at random');

/** Helm 3 puts webhooks elsewhere, and leaves out blank lines. */
const documents = (text: string): string[] =>
  text
    .split(/^---\n(?=# Source: )/m)
    .map((document) => document.trim())
    .sort();

describe.skipIf(charts.length === 0)(
  'a chart that others wrote renders as `helm template` renders it',
  () => {
    it.each(charts)(
      '$name, with each of the values its authors test it with',
      async ({ directory, values }) => {
        await using packed = await temporaryDirectory();
        await mustRun(tool('helm-4'), ['package', directory, '--destination', packed.path], { env });
        const [name = ''] = await readdir(packed.path);
        const path = join(packed.path, name);
        const archive = await readFile(path);
        expect(values.length).toBeGreaterThan(0);
        for (const file of [{ name: 'none', content: '' }, ...values]) {
          const args = ['template', 'release-name', path, '--kube-version', '1.30.0'];
          if (file.content !== '') args.push('--values', join(directory, 'ci', file.name));
          const job = { item: file.name, archive, kubeVersion: '1.30.0', values: [file] };
          const text = settled((await renderer.render(job, quietRun())).text);
          expect(text, file.name).toBe(settled(await mustRun(tool('helm-4'), args, { env })));
          expect(documents(text), file.name).toEqual(
            documents(settled(await mustRun(tool('helm'), args, { env }))),
          );
        }
      },
    );
  },
);
