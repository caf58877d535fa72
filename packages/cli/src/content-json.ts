import type { Manifest } from '@gapferry/bundle';
import { type ContentAge, contentAges } from '@gapferry/report';

/** How old content is, for `--json`; no member where a release has none that grows old. */
export function contentJson(manifest: Manifest, now: Date): { content?: readonly ContentAge[] } {
  const content = contentAges(manifest, now);
  return content.length === 0 ? {} : { content };
}
