import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeChart, type TestChart } from '@gapferry/testkit';
import type { Day } from './days.ts';

/** The chart that runs the demo's image. */
export function gapferryChart({ version }: Day): Promise<TestChart> {
  return chartFrom('chart', {
    name: 'gapferry',
    version,
    description: 'A served depot, and its ledger proved every night',
  });
}

/** The chart that says who may fetch from it. */
export function clientsChart({ version }: Day): Promise<TestChart> {
  return chartFrom('policy-chart', {
    name: 'depot-clients',
    version,
    description: 'Who may fetch from a depot',
  });
}

async function chartFrom(
  folder: string,
  about: { readonly name: string; readonly version: string; readonly description: string },
): Promise<TestChart> {
  const directory = join(import.meta.dirname, folder);
  const names = (await readdir(join(directory, 'templates'))).sort();
  const templates = await Promise.all(
    names.map(async (name) => [name, await readFile(join(directory, 'templates', name), 'utf8')]),
  );
  return makeChart({
    ...about,
    appVersion: about.version,
    templates: Object.fromEntries(templates),
    values: await readFile(join(directory, 'values.yaml'), 'utf8'),
  });
}
