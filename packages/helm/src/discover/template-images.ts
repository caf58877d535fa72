import type { ImageFinding } from '@gapferry/core';
import { fullReferencesIn } from './container-words.ts';
import { imageLinesIn } from './embedded-text.ts';
import { hasTag, referenceForm } from './reference-form.ts';

/** Longer templates are read so far. */
const READ_LIMIT = 4_194_304;

/** Images that a chart's template writes out in full, whether what they stand in is switched on or not: `image: busybox:1.36`, `default "ghcr.io/x/y:1"`. The place is a line. */
export function imagesInTemplate(text: string, file: string): ImageFinding[] {
  return text
    .slice(0, READ_LIMIT)
    .split('\n')
    .flatMap((line, at) => {
      if (!/image/i.test(line) || /^\s*(?:#|\{\{-?\s*\/\*)/.test(line)) return [];
      const references = new Set([...imageLinesIn(line), ...defaultsIn(line), ...fullReferencesIn(line)]);
      return [...references].map(
        (reference): ImageFinding => ({
          reference,
          method: 'values',
          confidence: 'possible',
          place: { file, path: `line ${at + 1}` },
        }),
      );
    });
}

/** `default "busybox:1.36"` on a line about images. */
function defaultsIn(line: string): string[] {
  return [...line.matchAll(/\bdefault\s+"([^"\s]+)"/g)].flatMap(([, text = '']) =>
    referenceForm(text) !== undefined && hasTag(text) ? [text] : [],
  );
}
