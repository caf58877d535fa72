import { type BundleConfig, listingBeside, readContentDate } from '@gapferry/bundle';
import {
  aptReleaseIn,
  type BlobReader,
  type Clock,
  type ContentChoice,
  contentWarning,
  type Digest,
  type FileHolding,
  GapferryError,
  type Holding,
  type ImageHolding,
  printable,
  type Run,
  wishDigest,
} from '@gapferry/core';

export interface DateContent {
  readonly config: BundleConfig;
  readonly holdings: readonly Holding[];
  /** Where the content lies now. */
  readonly store: BlobReader;
  readonly clock: Clock;
}

/** The same holdings, with the date of those that are content that grows old; tells of those that are too old. Throws `CONTENT_TOO_OLD` naming those that bundle.yaml wants refused then, and what `readContentDate` throws. */
export async function dateContent(
  { config, holdings, store, clock }: DateContent,
  run: Run,
): Promise<readonly Holding[]> {
  const choices = choicesOf(config);
  if (choices.size === 0) return holdings;
  const dated: Holding[] = [];
  for (const holding of holdings) {
    const choice = choices.get(holding.pin.wish);
    if (choice === undefined || !isDated(holding, holdings)) dated.push(holding);
    else dated.push(await withDate(holding, choice, holdings, store, run));
  }
  judgeAges(dated, choices, clock.now(), run);
  return dated;
}

function judgeAges(
  dated: readonly Holding[],
  choices: ReadonlyMap<Digest, ContentChoice>,
  now: Date,
  run: Run,
): void {
  const refused: string[] = [];
  for (const one of dated) {
    if (!('content' in one) || one.content === undefined) continue;
    const message = contentWarning(`${one.kind} ${one.pin.id}`, one.content, now);
    if (message === undefined) continue;
    if (choices.get(one.pin.wish)?.old === 'refuse') refused.push(message);
    else run.emit({ kind: 'warning', item: one.pin.id, message });
  }
  if (refused.length > 0)
    throw new GapferryError({
      code: 'CONTENT_TOO_OLD',
      message: printable(refused.slice(0, 10).join('; ')),
      hint: 'nothing was released: find out why upstream has nothing newer, or whether the clock here is right; "maxAge" of the line under "content" says how old it may be, and "old: warn" takes it nevertheless',
      origin: 'source',
      data: { refused },
    });
}

function choicesOf({ wishes }: BundleConfig): ReadonlyMap<Digest, ContentChoice> {
  return new Map(
    wishes.flatMap((wish) =>
      'content' in wish && wish.content !== undefined ? [[wishDigest(wish), wish.content] as const] : [],
    ),
  );
}

/** A listing says how old another file is. */
function isDated(holding: Holding, all: readonly Holding[]): holding is ImageHolding | FileHolding {
  if (holding.kind !== 'image' && holding.kind !== 'file') return false;
  const { pin } = holding;
  return !all.some(
    (other) => other.pin.wish === pin.wish && other !== holding && listingBeside(other.pin.id) === pin.id,
  );
}

async function withDate(
  holding: ImageHolding | FileHolding,
  choice: ContentChoice,
  all: readonly Holding[],
  store: BlobReader,
  run: Run,
): Promise<Holding> {
  const { kind: of, pin } = holding;
  const item = `${of} ${pin.id}`;
  const beside = listingBeside(pin.id);
  const listing = all.find((other) => other.pin.wish === pin.wish && other.pin.id === beside);
  const { kind, maxAge, unsigned } = choice;
  const root = 'files' in holding ? aptReleaseIn(holding.files) : holding.root;
  if (root === undefined) throw undated(item);
  const { updated, until, signed } = await readContentDate(
    { item, kind, root, listing: listing !== undefined && 'root' in listing ? listing.root : undefined },
    store,
    run,
  );
  const content = {
    kind,
    updated,
    ...(maxAge !== undefined && { maxAge }),
    ...(until !== undefined && { until }),
  };
  if (signed === undefined || holding.kind !== 'file') return { ...holding, content };
  if (!signed && unsigned === undefined) throw notSigned(item);
  return {
    ...holding,
    content,
    checked: [...(holding.checked ?? []), ...(signed ? ['clamav' as const] : [])],
  };
}

function undated(item: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `nobody can tell how old ${item} is: it has no Release file of one suite`,
    data: { item },
  });
}

function notSigned(item: string): GapferryError {
  return new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: `${item} is not signed by the makers of ClamAV`,
    hint: 'the mirror has something else than it should: compare it with another one; for databases of your own say "unsigned: true" in the line under "content"',
    origin: 'source',
    data: { item },
  });
}
