import { type BundleConfig, type Lock, makeLock } from '@gapferry/bundle';
import {
  checkRun,
  describeWish,
  GapferryError,
  type Pin,
  type Run,
  type Sources,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { requireWithoutSecrets } from './require-without-secrets.ts';
import { resolveError, type WishFailure } from './resolve-error.ts';

export interface ResolveRequest {
  readonly config: BundleConfig;
  readonly sources: Sources;
  /** Wishes asked for at once; 8 unless given. */
  readonly concurrency?: number;
}

/** Asks upstream what every wish is now. Which answers come first makes no difference to the lock.
 *  Every wish is asked for even when some fail: one error names all that failed, with the code of the gravest and `data.failures` with each one's.
 *  Throws `CONFIG_INVALID` when two wishes turn out to be the same item, or when a URL would carry a secret into the lock. */
export async function resolveBundle(request: ResolveRequest, run: Run): Promise<Lock> {
  const { config, sources } = request;
  run.emit({ kind: 'stage', stage: 'resolve', items: config.wishes.length });
  const limit = pLimit(request.concurrency ?? 8);
  const answers = await Promise.all(config.wishes.map((wish) => limit(() => answerTo(wish, sources, run))));
  checkRun(run);
  const failures = answers.filter((answer) => 'error' in answer);
  if (failures.length > 0) throw resolveError(failures, config.wishes.length);
  const found = answers.filter((answer) => 'pins' in answer);
  requireDistinct(found);
  const pins = found.flatMap((answer) => answer.pins);
  requireWithoutSecrets(pins);
  return makeLock(config.name, pins);
}

interface Found {
  readonly wish: Wish;
  readonly pins: readonly Pin[];
}

/** One wish's outcome. Failures are kept so that the operator hears of all of them at once. */
async function answerTo(wish: Wish, sources: Sources, run: Run): Promise<Found | WishFailure> {
  const item = describeWish(wish);
  try {
    checkRun(run);
    run.emit({ kind: 'item-started', item });
    const pins = await resolveWish(wish, sources, run);
    run.emit({ kind: 'item-done', item, outcome: 'done' });
    return { wish, pins };
  } catch (error) {
    return { wish, error };
  }
}

/** What the wish's source answers. Throws what it throws, and `SOURCE_NOT_FOUND` where the answer is empty. */
export async function resolveWish(wish: Wish, sources: Sources, run: Run): Promise<readonly Pin[]> {
  const pins = await ask(wish, sources, run);
  requireAnswer(wish, pins);
  return pins;
}

function ask(wish: Wish, sources: Sources, run: Run): Promise<readonly Pin[]> {
  switch (wish.kind) {
    case 'image':
      return sources.image.resolve(wish, run);
    case 'chart':
      return sources.chart.resolve(wish, run);
    case 'git':
      return sources.git.resolve(wish, run);
    case 'file':
      return sources.file.resolve(wish, run);
  }
}

/** A wish that silently becomes nothing would be missed only inside. */
function requireAnswer(wish: Wish, pins: readonly Pin[]): void {
  if (pins.length === 0)
    throw new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      message: 'upstream has nothing that fits',
      hint: 'correct the wish in bundle.yaml, or take it out',
      origin: 'source',
    });
  const digest = wishDigest(wish);
  if (pins.some((pin) => pin.kind !== wish.kind || pin.wish !== digest))
    throw new GapferryError({ code: 'INTERNAL', message: 'the source answered another wish' });
}

/** An item of a release has one identity; two wishes for it are a mistake in bundle.yaml even when they agree today. */
function requireDistinct(found: readonly Found[]): void {
  const owners = new Map<string, Wish>();
  const problems: string[] = [];
  for (const { wish, pins } of found)
    for (const pin of pins) {
      const name = `${pin.kind} ${pin.id}`;
      const other = owners.get(name);
      if (other === undefined) owners.set(name, wish);
      else problems.push(`${name} is wanted by ${phrase(other)} and by ${phrase(wish)}`);
    }
  if (problems.length === 0) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: problems.join('; '),
    hint: 'keep one of the two wishes in bundle.yaml; a chart that is installed twice has both under "installations" of one line',
    data: { problems },
  });
}

/** Two wishes for one item may look alike by name: the platforms, refs and sources tell them apart. */
function phrase(wish: Wish): string {
  const detail =
    wish.kind === 'image' && wish.platforms.length > 0
      ? ` for ${wish.platforms.join(', ')}`
      : wish.kind === 'git' && wish.refs.length > 0
        ? ` with ${wish.refs.join(', ')}`
        : wish.kind === 'file'
          ? 'url' in wish
            ? ` from ${wish.url}`
            : 'path' in wish
              ? ` from ${wish.path}`
              : ''
          : '';
  return `"${describeWish(wish)}${detail}"`;
}
