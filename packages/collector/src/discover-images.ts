import {
  type BundleConfig,
  discoveredWish,
  type Lock,
  makeLock,
  type Waiver,
  waivableOf,
  waiverOf,
} from '@gapferry/bundle';
import {
  byNaming,
  checkRun,
  type ImagePin,
  type ImageWish,
  isGapferryError,
  type NamedBy,
  type Pin,
  type Run,
  repositoryOf,
  type Sources,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { coveringPins, referenceToAsk } from './covering-pins.ts';
import type { DiscoveredImage, Discovery, FetchChart } from './discovery.ts';
import { type DiscoveryFailure, discoveryError } from './discovery-error.ts';
import { groupFindings, type NamedImage, uniqueNamings } from './group-findings.ts';
import type { Lead } from './leads.ts';
import { type LookedInto, lookIntoCharts } from './look-into-charts.ts';
import { lookIntoGit } from './look-into-git.ts';
import { resolveWish } from './resolve-bundle.ts';

export interface DiscoverRequest {
  readonly config: BundleConfig;
  /** Every wish of the bundle, pinned. */
  readonly lock: Lock;
  readonly sources: Sources;
  readonly discovery: Discovery;
  readonly fetchChart: FetchChart;
  /** Images asked for at once; 8 unless given. */
  readonly concurrency?: number;
}

/** What charts and repositories name, and what it means for the lock. */
export interface Survey {
  /** Sorted by image. */
  readonly images: readonly DiscoveredImage[];
  /** The lock with what was found: images that charts name, and what names each. */
  readonly lock: Lock;
  readonly failures: readonly DiscoveryFailure[];
  /** What repositories point to, and what in them was not followed. */
  readonly leads: readonly Lead[];
}

/** Finds the images that the bundle's charts name, and its repositories where that is wished, and asks upstream for those that are certain or likely. What must be there and cannot be had is among `failures`.
 *  Throws what fetching and rendering a chart throw. */
export async function surveyImages(request: DiscoverRequest, run: Run): Promise<Survey> {
  const { config, lock } = request;
  const charts = await lookIntoCharts({ ...request, pins: lock.pins }, run);
  const repositories = await lookIntoGit({ ...request, pins: lock.pins }, run);
  const looked = [...charts, ...repositories.looked];
  const named = groupFindings(looked);
  const covering = coveringPins(lock.pins);
  const waivers = config.waivers ?? [];
  const limit = pLimit(request.concurrency ?? 8);
  const answers = await Promise.all(
    named.map((one) => limit(() => answerTo(one, { ...request, named, covering, waivers }, run))),
  );
  checkRun(run);
  tellUnusedWaivers(waivers, answers, run);
  return {
    images: answers.map(({ image }) => image),
    lock: lockWith(lock, looked, answers),
    failures: answers.flatMap(({ failure, image }) =>
      failure === undefined ? [] : [{ image, error: failure, looked }],
    ),
    leads: repositories.leads,
  };
}

/** The same for a collect: what cannot be had ends it. Throws `SOURCE_NOT_FOUND` (or what else happened) with the chain from image to wish. */
export async function discoverImages(request: DiscoverRequest, run: Run): Promise<Survey> {
  const survey = await surveyImages(request, run);
  if (survey.failures.length > 0) throw discoveryError(survey.failures, survey.images.length);
  return survey;
}

interface Asking extends DiscoverRequest {
  readonly named: readonly NamedImage[];
  /** Pins of the bundle's own images, by the names under which charts may mean them. */
  readonly covering: ReadonlyMap<string, ImagePin>;
  readonly waivers: readonly Waiver[];
}

interface Answer {
  readonly image: DiscoveredImage;
  /** The bundle's own, or the one that upstream's answer was. */
  readonly pin?: ImagePin;
  readonly waiver?: Waiver;
  readonly failure?: unknown;
}

async function answerTo(named: NamedImage, asking: Asking, run: Run): Promise<Answer> {
  const { image, reference, confidence, namedBy } = named;
  const shown = { image, confidence, namedBy };
  const pin = asking.covering.get(image);
  if (pin !== undefined) return { image: { ...shown, outcome: 'wanted', item: pin.id }, pin };
  const waiver = waiverOf('image', image, asking.waivers);
  if (waiver !== undefined) return { image: { ...shown, outcome: 'waived', reason: waiver.reason }, waiver };
  if (confidence === 'possible') return listed(named, 'it is not sure that it is needed');
  if (reference === undefined && confidence === 'likely') return listed(named, 'it is no image reference');
  try {
    const found = await askFor(named, asking, run);
    return { image: { ...shown, outcome: 'included', item: found.id }, pin: found };
  } catch (error) {
    const reason = confidence === 'likely' ? reasonToList(error) : undefined;
    if (reason !== undefined) return listed(named, reason);
    return { image: { ...shown, outcome: 'failed', reason: messageOf(error) }, failure: error };
  }
}

function listed({ image, confidence, namedBy }: NamedImage, reason: string): Answer {
  return { image: { image, confidence, namedBy, outcome: 'listed', reason } };
}

/** Registries refuse to say of what they do not have that it is not there. That a host could not be asked proves nothing, and is no reason to leave something out. */
function reasonToList(error: unknown): string | undefined {
  if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return 'upstream has none';
  if (isGapferryError(error, 'UNAUTHORIZED') || isGapferryError(error, 'FORBIDDEN'))
    return 'upstream has none, or does not show it to us';
  return undefined;
}

/** A digest decides, as it does inside; its tag is kept where upstream and the rest of the release agree with it. */
async function askFor(named: NamedImage, asking: Asking, run: Run): Promise<ImagePin> {
  const { config, sources } = asking;
  const ask = async (text: string): Promise<ImagePin> => {
    const wish: ImageWish = discoveredWish(text, config);
    const [pin] = await resolveWish(wish, sources, run);
    return pin as ImagePin;
  };
  const { reference, image } = named;
  const text = referenceToAsk(named, asking.named, asking.covering);
  if (reference?.tag === undefined || reference.digest === undefined) return ask(text);
  try {
    return await ask(text);
  } catch (error) {
    if (text !== image || !isGapferryError(error, 'DIGEST_MISMATCH')) throw error;
    return await ask(`${repositoryOf(reference)}@${reference.digest}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A waiver that covers nothing is out of date, or misspelt. */
function tellUnusedWaivers(waivers: readonly Waiver[], answers: readonly Answer[], run: Run): void {
  const used = new Set(answers.map(({ waiver }) => waiver));
  for (const waiver of waivers)
    if (!used.has(waiver)) {
      const { kind, name } = waivableOf(waiver);
      const message = `the waiver for ${name} covers no ${kind} that a chart or a repository names`;
      run.emit({ kind: 'warning', message });
    }
}

function lockWith(lock: Lock, looked: readonly LookedInto[], answers: readonly Answer[]): Lock {
  const rendered = new Map(
    looked.filter(({ pin }) => pin.kind === 'chart').map(({ pin, rendered }) => [pin.id, rendered]),
  );
  const pins = new Map<string, Pin>(
    lock.pins.map((pin) => {
      const digest = pin.kind === 'chart' ? rendered.get(pin.id) : undefined;
      return [`${pin.kind} ${pin.id}`, digest === undefined ? pin : ({ ...pin, rendered: digest } as Pin)];
    }),
  );
  for (const { image, pin } of answers) {
    if (pin === undefined) continue;
    const there = pins.get(`image ${pin.id}`);
    const before = there?.kind === 'image' ? (there.namedBy ?? []) : [];
    pins.set(`image ${pin.id}`, { ...pin, namedBy: mergedNaming(before, image.namedBy) });
  }
  const waived = answers
    .filter(({ image }) => image.outcome === 'waived')
    .map(({ image: { image, namedBy } }) => ({ image, namedBy }));
  return makeLock(lock.bundle, [...pins.values()], waived);
}

/** Two spellings may be one image. */
function mergedNaming(before: readonly NamedBy[], more: readonly NamedBy[]): NamedBy[] {
  return uniqueNamings([...before, ...more]).sort(byNaming);
}
