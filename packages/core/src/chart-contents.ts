import type { RenderingInput } from './chart-rendering.ts';
import type { ImageFinding, ImageOverride } from './discovery.ts';
import type { ChartPin } from './pin.ts';
import type { Run } from './run.ts';

/** A chart whose images are looked for. */
export interface ChartContents {
  readonly pin: ChartPin;
  /** The `.tgz`, dependencies vendored; digest and structure were checked. */
  readonly archive: Uint8Array;
  readonly rendering: RenderingInput;
  /** Kustomize's `images:` around the chart, in the order they are applied to what it renders to. */
  readonly overrides?: readonly ImageOverride[];
}

/** Finds the images that a chart names: renders it and walks what comes out. Wired by the cli.
 *  Throws where rendering fails (`CONFIG_INVALID`, `CONTENT_INVALID`, `LIMIT_EXCEEDED`), naming chart, file, line and cause: it never falls back to looking less closely. */
export interface ImageDiscovery {
  discover(chart: ChartContents, run: Run): Promise<readonly ImageFinding[]>;
}
