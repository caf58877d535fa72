import { GapferryError } from '@gapferry/core';

/** Names of the documents gapferry writes and the highest major version of each that this release reads (docs/spec/09-versions-and-limits.md). */
export const FORMATS = {
  bundle: 'gapferry.bundle/1',
  lock: 'gapferry.lock/1',
  manifest: 'gapferry.manifest/1',
  packs: 'gapferry.packs/1',
  site: 'gapferry.site/1',
  trust: 'gapferry.trust/1',
  receipt: 'gapferry.receipt/1',
  plan: 'gapferry.plan/1',
  override: 'gapferry.override/1',
  prune: 'gapferry.prune/1',
} as const;

export type FormatName = keyof typeof FORMATS;

/** Reads `format` before anything else is looked at. Throws `FORMAT_UNKNOWN` for another kind of document or a major version of the future. */
export function requireFormat(value: unknown, name: FormatName, what: string): void {
  const format = value !== null && typeof value === 'object' && 'format' in value ? value.format : undefined;
  if (format === FORMATS[name]) return;
  const said = typeof format === 'string' ? `"${format.slice(0, 60)}"` : 'no format';
  const [kind] = FORMATS[name].split('/');
  const newer = typeof format === 'string' && format.startsWith(`${kind}/`);
  throw new GapferryError({
    code: 'FORMAT_UNKNOWN',
    message: `${what} has ${said}; this gapferry reads ${FORMATS[name]}`,
    hint: newer ? 'it was made by a newer gapferry: update this one' : 'it is not the document it should be',
  });
}
