import type { BundleConfig } from '@gapferry/bundle';
import {
  type ChartPin,
  type ChartWish,
  checkRun,
  type Digest,
  GapferryError,
  type GitPin,
  type GitWish,
  type ImageFinding,
  type Pin,
  type Run,
  readVerified,
  renderingDigest,
  wishDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { type Discovery, type FetchChart, renderingInput } from './discovery.ts';
import { resolveError, type WishFailure } from './resolve-error.ts';

/** What was found in one chart or repository. */
export interface LookedInto {
  readonly wish: ChartWish | GitWish;
  readonly pin: ChartPin | GitPin;
  /** Of a chart: the digest of what it was rendered with. */
  readonly rendered?: Digest;
  readonly findings: readonly ImageFinding[];
}

export interface LookRequest {
  readonly config: BundleConfig;
  /** What the bundle's wishes were resolved to. */
  readonly pins: readonly Pin[];
  readonly discovery: Discovery;
  readonly fetchChart: FetchChart;
}

/** Archives in memory at once. */
const CHARTS = 2;
/** Sources take no larger one. */
const ARCHIVE_LIMIT = 33_554_432;

/** Fetches every chart whose images are to be found, and looks into it, in the order of bundle.yaml. One error names all charts that failed: none is left out silently.
 *  Throws what fetching and rendering throw. */
export async function lookIntoCharts(request: LookRequest, run: Run): Promise<readonly LookedInto[]> {
  const { config, pins } = request;
  const charts = chartsToLookInto(config, pins);
  if (charts.length === 0) return [];
  run.emit({ kind: 'stage', stage: 'discover', items: charts.length });
  const limit = pLimit(CHARTS);
  const answers = await Promise.all(charts.map((chart) => limit(() => lookInto(chart, request, run))));
  checkRun(run);
  const failures = answers.filter((answer) => 'error' in answer);
  if (failures.length > 0) throw resolveError(failures, charts.length);
  return answers.filter((answer) => 'findings' in answer);
}

interface Chart {
  readonly wish: ChartWish;
  readonly pin: ChartPin;
}

/** Charts of which bundle.yaml does not say `images: none`. */
export function chartsToLookInto({ wishes }: BundleConfig, pins: readonly Pin[]): Chart[] {
  const byWish = Map.groupBy(pins, (pin) => pin.wish);
  return wishes
    .filter((wish) => wish.kind === 'chart')
    .filter((wish) => wish.images !== 'none')
    .flatMap((wish) =>
      (byWish.get(wishDigest(wish)) ?? [])
        .filter((pin) => pin.kind === 'chart')
        .map((pin) => ({ wish, pin })),
    );
}

async function lookInto(
  { wish, pin }: Chart,
  { discovery, fetchChart }: LookRequest,
  run: Run,
): Promise<LookedInto | WishFailure> {
  try {
    checkRun(run);
    const { archive } = await fetchChart(pin, run);
    if (archive.size > ARCHIVE_LIMIT)
      throw new GapferryError({ code: 'LIMIT_EXCEEDED', message: `its archive has ${archive.size} bytes` });
    const bytes = await readVerified(archive, discovery.store.open(archive, run), { origin: 'depot' });
    const rendering = renderingInput(wish.rendering ?? {}, discovery.values);
    const findings = await discovery.images.discover({ pin, archive: bytes, rendering }, run);
    return { wish, pin, rendered: renderingDigest(rendering), findings };
  } catch (error) {
    return { wish, error };
  }
}
