import { gzipSync } from 'node:zlib';
import { quietRun } from '@gapferry/core';
import { createChartRenderer } from '@gapferry/helm';
import { tarBytes } from '@gapferry/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { readChartShapes } from './docs/chart-shapes.ts';
import { imageRows } from './docs/image-discovery.ts';

const shapes = readChartShapes();
const renderer = createChartRenderer();
afterAll(() => renderer.close());

describe('images of charts', () => {
  it('are asked of at least twelve shapes, which disagree with grep', () => {
    expect(shapes.length).toBeGreaterThanOrEqual(12);
    const rows = shapes.flatMap(imageRows).filter(({ truth }) => truth === 'needed');
    expect(rows.some(({ templateGrep }) => !templateGrep)).toBe(true);
  });

  it.each(shapes)('are all found in $file, with nothing certain or likely that is wrong', (shape) => {
    const rows = imageRows(shape);
    const sure = rows.filter(({ gapferry }) => gapferry === 'certain' || gapferry === 'likely');
    expect(sure.map(({ image }) => image).sort()).toEqual([...shape.needs].sort());
  });

  it.each(shapes)(
    'are listed as possible where they are switched off in $file, and nothing else',
    (shape) => {
      const possible = imageRows(shape).filter(({ gapferry }) => gapferry === 'possible');
      expect(possible.map(({ image }) => image).sort()).toEqual([...shape.switchedOff].sort());
    },
  );

  it.each(shapes)('are looked for in what Helm renders of $file', async ({ file, files, rendered }) => {
    const archive = gzipSync(tarBytes([...files].map(([name, body]) => ({ name, body }))));
    const { text } = await renderer.render({ item: file, archive }, quietRun());
    expect(withoutBlankLines(text)).toBe(withoutBlankLines(rendered));
  });
});

/** Helm 3, which wrote the shapes, and Helm 4 end documents with more or fewer of them. */
function withoutBlankLines(text: string): string {
  return text.replace(/\n\s*\n/g, '\n');
}
