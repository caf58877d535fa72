import type { Confidence } from '@gapferry/core';
import { formatImageReference, parseImageReference } from '@gapferry/core';
import { findingsByImage, imagesInChart } from '@gapferry/helm';
import type { ChartShape } from './chart-shapes.ts';

/** One image of a shape, and who finds it. */
export interface ImageRow {
  readonly image: string;
  readonly truth: 'needed' | 'switched off' | 'no image of it';
  /** `grep image:` over the chart's files. */
  readonly grep: boolean;
  /** `helm template | grep image:`. */
  readonly templateGrep: boolean;
  readonly gapferry: Confidence | undefined;
}

/** All images that are true or found, the needed ones first. */
export function imageRows(shape: ChartShape): ImageRow[] {
  const files = new Map([...shape.files].map(([path, text]) => [path, new TextEncoder().encode(text)]));
  const ours = new Map(
    findingsByImage(imagesInChart({ rendered: shape.rendered, files })).map(({ reference, confidence }) => [
      reference,
      confidence,
    ]),
  );
  const inFiles = grepped([...shape.files.values()].join('\n'));
  const inRendered = grepped(shape.rendered);
  const all = new Set([...shape.needs, ...shape.switchedOff, ...inFiles, ...inRendered, ...ours.keys()]);
  return [...all].map((image) => ({
    image,
    truth: shape.needs.includes(image)
      ? 'needed'
      : shape.switchedOff.includes(image)
        ? 'switched off'
        : 'no image of it',
    grep: inFiles.has(image),
    templateGrep: inRendered.has(image),
    gapferry: ours.get(image),
  }));
}

/** `grep image:`, the next word without quotes. Only what is a reference counts, which is kind to grep: `{{ … }}` and the like are left out. */
function grepped(text: string): Set<string> {
  const words = [...text.matchAll(/image: *["']?([^\s"',}]+)/g)].map(([, word = '']) => word);
  return new Set(words.flatMap(fullReference));
}

function fullReference(word: string): string[] {
  try {
    return [formatImageReference(parseImageReference(word))];
  } catch {
    return [];
  }
}

/** The tables of docs/guides/image-discovery.md. */
export function discoveryTables(shapes: readonly ChartShape[]): string {
  const rows = shapes.map((shape) => ({ shape, images: imageRows(shape) }));
  const summary = rows.map(({ shape, images }) => {
    const needed = images.filter(({ truth }) => truth === 'needed');
    const wrong = images.filter(({ truth }) => truth === 'no image of it');
    const cell = (found: (row: ImageRow) => boolean): string => {
      const missed = `${needed.filter(found).length} of ${needed.length}`;
      const added = wrong.filter(found).length;
      return added === 0 ? missed : `${missed}, ${added} wrong`;
    };
    const sure = ({ gapferry }: ImageRow): boolean => gapferry === 'certain' || gapferry === 'likely';
    return `| ${shape.title} | ${cell(({ grep }) => grep)} | ${cell(({ templateGrep }) => templateGrep)} | ${cell(sure)} |`;
  });
  return [
    '| chart | `grep image:` | `helm template \\| grep image:` | gapferry |\n|---|---|---|---|',
    ...summary,
    '\n### Image by image\n',
    '| chart | image | truth | `grep` | `helm template \\| grep` | gapferry |\n|---|---|---|---|---|---|',
    ...rows.flatMap(({ shape, images }) =>
      images.map((row, at) => imageLine(at === 0 ? shape.title : '', row)),
    ),
  ].join('\n');
}

function imageLine(title: string, { image, truth, grep, templateGrep, gapferry }: ImageRow): string {
  const short = image.replace(/@sha256:([0-9a-f]{8})[0-9a-f]+$/, '@sha256:$1…');
  return `| ${title} | \`${short}\` | ${truth} | ${grep ? 'found' : '–'} | ${templateGrep ? 'found' : '–'} | ${gapferry ?? '–'} |`;
}
