import { join } from 'node:path';
import type { Upstream } from '../upstream/start-upstream.ts';
import type { Screen } from './screen.ts';
import type { Shell } from './shell.ts';

/** What every step works with. */
export interface Demo {
  /** Of the checkout. */
  readonly root: string;
  /** Of the demo: outside, stick and inside lie here side by side. */
  readonly directory: string;
  readonly upstream: Upstream;
  readonly screen: Screen;
  readonly shell: Shell;
  readonly signal: AbortSignal;
}

/** One step of the story; throws `DemoFailure` where something does not hold. */
export type Step = (demo: Demo) => Promise<void>;

/** The image as bundles/demo/bundle.yaml names it. */
export const IMAGE = 'registry.demo.example/gapferry/gapferry:1';
export const SITE: readonly string[] = ['--site', 'site/site.yaml'];

export function inDemo({ directory }: Demo, ...parts: readonly string[]): string {
  return join(directory, ...parts);
}
