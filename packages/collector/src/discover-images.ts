import {
  type BundleConfig,
  discoveredWish,
  type Lock,
  type Waiver,
  waivableOf,
  waiverOf,
} from '@gapferry/bundle';
import {
  checkRun,
  describeWish,
  type ImagePin,
  type ImageWish,
  isGapferryError,
  type Run,
  repositoryOf,
  type Sources,
  type Wish,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { coveringPins, referenceToAsk } from './covering-pins.ts';
import type { DiscoveredImage, Discovery, LookFetcher } from './discovery.ts';
import { type DiscoveryFailure, discoveryError } from './discovery-error.ts';
import { type Followed, followReferences } from './follow-references.ts';
import { followedFailures } from './followed-failures.ts';
import { groupFindings, type NamedImage } from './group-findings.ts';
import { type Lead, leadsOf } from './leads.ts';
import { lockWith } from './lock-with.ts';
import { type LookedInto, lookIntoCharts } from './look-into-charts.ts';
import { lookIntoGit } from './look-into-git.ts';
import { lookIntoSubmodules, repositoriesWithSubmodules } from './look-into-submodules.ts';
import { pinSubmodules } from './pin-submodules.ts';
import { nameOf } from './pointer.ts';
import { requireWithoutSecrets } from './require-without-secrets.ts';
import { resolveWish } from './resolve-bundle.ts';
import type { ChainLink } from './shortest-chain.ts';

export interface DiscoverRequest {
  readonly config: BundleConfig;
  /** Every wish of the bundle, pinned. */
  readonly lock: Lock;
  readonly sources: Sources;
  readonly discovery: Discovery;
  readonly fetcher: LookFetcher;
  /** Images asked for at once; 8 unless given. */
  readonly concurrency?: number;
}

/** What charts and repositories name, and what it means for the lock. */
export interface Survey {
  /** Sorted by image. */
  readonly images: readonly DiscoveredImage[];
  /** The lock with what was found: what content names and points to, and what names each. */
  readonly lock: Lock;
  readonly failures: readonly DiscoveryFailure[];
  /** What repositories point to and what becomes of it, and what in them was not followed. */
  readonly leads: readonly Lead[];
  /** How content leads from each item to a line of bundle.yaml, by kind and id. */
  readonly links: ReadonlyMap<string, ChainLink>;
}

/** Finds the images that the bundle's charts name, and its repositories where that is wished; makes items of what those repositories point to, and finds the images of these as well; and asks upstream
 *  for what is certain or likely. What must be there and cannot be had is among `failures`. Throws what fetching and rendering a chart of the bundle throw, and `LIMIT_EXCEEDED` where references have no end. */
export async function surveyImages(request: DiscoverRequest, run: Run): Promise<Survey> {
  const { config } = request;
  const followed = await followAll(request, run);
  const answers = await askForImages(followed, request, run);
  checkRun(run);
  tellUnusedWaivers(config.waivers ?? [], [...answers, ...followed.verdicts.values()], run);
  const images = answers.map(({ image }) => image);
  const lock = lockWith(request.lock, { config, followed, images: answers });
  requireWithoutSecrets(lock.pins);
  return {
    images,
    lock,
    failures: [...followedFailures(followed), ...answers.flatMap(imageFailure)],
    leads: leadsOf(followed, images),
    links: linksOf(lock, followed.looked, config),
  };
}

/** The same for a collect: what cannot be had ends it. Throws `SOURCE_NOT_FOUND` (or what else happened) with the chain from what is missing to a line of bundle.yaml. */
export async function discoverImages(request: DiscoverRequest, run: Run): Promise<Survey> {
  const survey = await surveyImages(request, run);
  const { failures, links, images, leads } = survey;
  if (failures.length === 0) return survey;
  const references = leads.filter(({ to }) => to !== undefined).length;
  const all = [
    ...(images.length === 0 && references > 0 ? [] : [`${images.length} image(s) that are named`]),
    ...(references === 0 ? [] : [`${references} reference(s)`]),
  ];
  throw discoveryError(failures, links, all.join(' and '));
}

async function followAll(request: DiscoverRequest, run: Run): Promise<Followed> {
  const looking = { ...request, pins: request.lock.pins };
  const charts = await lookIntoCharts(looking, run);
  const { looked, found } = await lookIntoGit(looking, run);
  const submodules = await lookIntoSubmodules(looking, run);
  const following = { ...looking, looked: [...charts, ...looked], found: [...found, ...submodules] };
  return pinSubmodules(await followReferences(following, run), following, run);
}

async function askForImages({ looked }: Followed, request: DiscoverRequest, run: Run): Promise<Answer[]> {
  const named = groupFindings(looked);
  const covering = coveringPins(request.lock.pins);
  const waivers = request.config.waivers ?? [];
  const limit = pLimit(request.concurrency ?? 8);
  return Promise.all(
    named.map((one) => limit(() => answerTo(one, { ...request, named, covering, waivers }, run))),
  );
}

function imageFailure({ image: { image, confidence, namedBy }, failure }: Answer): DiscoveryFailure[] {
  if (failure === undefined) return [];
  return [{ kind: 'image', name: image, isReference: false, confidence, namedBy, error: failure }];
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
  if (reference === undefined && confidence !== 'certain') return listed(named, 'it is no image reference');
  if (confidence === 'possible') return listed(named, 'it is not sure that it is needed');
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
function tellUnusedWaivers(
  waivers: readonly Waiver[],
  answers: ReadonlyArray<{ readonly waiver?: Waiver }>,
  run: Run,
): void {
  const used = new Set(answers.map(({ waiver }) => waiver));
  for (const waiver of waivers)
    if (!used.has(waiver)) {
      const { kind, name } = waivableOf(waiver);
      const message = `the waiver for ${name} covers no ${kind === 'git' ? 'repository' : kind} that a chart or a repository names`;
      run.emit({ kind: 'warning', message });
    }
}

/** What the bundle itself wants to have looked into is where chains end. */
function linksOf(
  { pins }: Lock,
  looked: readonly LookedInto[],
  config: BundleConfig,
): Map<string, ChainLink> {
  const wishes = new Map<string, Wish>([
    ...repositoriesWithSubmodules(config, pins).map(({ wish, pin }) => [nameOf(pin), wish] as const),
    ...looked.flatMap(({ pin, wish }) => (wish === undefined ? [] : [[nameOf(pin), wish] as const])),
  ]);
  return new Map(
    pins.map((pin): [string, ChainLink] => {
      const wish = wishes.get(nameOf(pin));
      const namedBy = pin.kind === 'file' ? [] : (pin.namedBy ?? []);
      return [nameOf(pin), { namedBy, ...(wish && { wish: describeWish(wish) }) }];
    }),
  );
}
