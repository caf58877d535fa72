// Renders in a process of its own, so that nothing is compiled yet: `node render-once.ts ARCHIVE`. Prints `RenderTimes` as JSON.
import { readFile } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { createChartRenderer } from '@gapferry/helm';
import { makeChart } from '@gapferry/testkit';

/** Milliseconds, as a caller waits for them. */
export interface RenderTimes {
  /** The thread, unpacking and compiling the engine, its start, and a chart with nothing in it. */
  readonly start: number;
  /** The chart, the first time that this engine renders something. */
  readonly first: number;
  /** The chart again, each time. */
  readonly warm: readonly number[];
}

const WARM_ROUNDS = 10;

const { archive: empty } = await makeChart({ name: 'empty', version: '1.0.0', templates: {} });
const chart = await readFile(process.argv[2] ?? '');
const renderer = createChartRenderer();

async function timed(archive: Uint8Array): Promise<number> {
  const began = performance.now();
  await renderer.render({ item: 'bench', archive }, quietRun());
  return performance.now() - began;
}

const start = await timed(empty);
const first = await timed(chart);
const warm: number[] = [];
while (warm.length < WARM_ROUNDS) warm.push(await timed(chart));
await renderer.close();
const times: RenderTimes = { start, first, warm };
process.stdout.write(`${JSON.stringify(times)}\n`);
