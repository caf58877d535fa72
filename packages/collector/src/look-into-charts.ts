import type { BundleConfig } from '@gapferry/bundle';
import {
  type ChartContents,
  type ChartPin,
  type ChartRendering,
  type ChartWish,
  checkRun,
  type Digest,
  GapferryError,
  type GitPin,
  type GitWish,
  type ImageFinding,
  type ImagePin,
  type Pin,
  type Run,
  readVerified,
  renderingDigest,
  renderingsOf,
  wishDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { type Discovery, type LookFetcher, renderingInput } from './discovery.ts';
import { resolveError, type WishFailure } from './resolve-error.ts';

/** What was found in one chart, rendered in one way, or in one repository or artifact. */
export interface LookedInto {
  /** The line of bundle.yaml that has it looked into; absent where a reference has. */
  readonly wish?: ChartWish | GitWish;
  readonly pin: ChartPin | GitPin | ImagePin;
  /** Of a chart: the digest of what it was rendered with. */
  readonly rendered?: Digest;
  readonly findings: readonly ImageFinding[];
}

export interface LookRequest {
  readonly config: BundleConfig;
  /** What the bundle's wishes were resolved to. */
  readonly pins: readonly Pin[];
  readonly discovery: Discovery;
  readonly fetcher: LookFetcher;
}

/** Archives in memory at once. */
export const CHARTS = 2;
/** Sources take no larger one. */
const ARCHIVE_LIMIT = 33_554_432;

/** Fetches every chart whose images are to be found, and looks into it, once for each way in which it is installed, in the order of bundle.yaml. One error names all charts that failed: none is left out silently.
 *  Throws what fetching and rendering throw. */
export async function lookIntoCharts(request: LookRequest, run: Run): Promise<readonly LookedInto[]> {
  const { config, pins } = request;
  const charts = chartsToLookInto(config, pins).flatMap((chart) =>
    renderingsOf(chart.wish).map((rendering) => ({ ...chart, rendering })),
  );
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
  { wish, pin, rendering: wished }: Chart & { readonly rendering: ChartRendering },
  request: LookRequest,
  run: Run,
): Promise<LookedInto | WishFailure> {
  try {
    const rendering = renderingInput(wished, request.discovery.values);
    return { wish, ...(await lookIntoChart({ pin, rendering }, request, run)) };
  } catch (error) {
    return { wish, error };
  }
}

/** A chart and one way in which it is installed. */
export type ChartLook = Pick<ChartContents, 'pin' | 'rendering' | 'overrides'>;

/** Fetches one chart and finds what it names. Throws `LIMIT_EXCEEDED` for a large one, and what fetching and rendering throw. */
export async function lookIntoChart(
  look: ChartLook,
  { discovery, fetcher }: Pick<LookRequest, 'discovery' | 'fetcher'>,
  run: Run,
): Promise<LookedInto> {
  const { pin, rendering } = look;
  checkRun(run);
  const { archive } = await fetcher.chart(pin, run);
  if (archive.size > ARCHIVE_LIMIT)
    throw new GapferryError({ code: 'LIMIT_EXCEEDED', message: `its archive has ${archive.size} bytes` });
  const bytes = await readVerified(archive, discovery.store.open(archive, run), { origin: 'depot' });
  const findings = await discovery.images.discover({ ...look, archive: bytes }, run);
  return { pin, rendered: renderingDigest(rendering), findings };
}
