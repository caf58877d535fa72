/** Content that grows old: what a line under `content` in bundle.yaml can name. */
export const CONTENT_KINDS = ['apt', 'clamav-db', 'grype-db', 'trivy-db', 'trivy-java-db'] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** What is wished of it. */
export interface ContentChoice {
  readonly kind: ContentKind;
  /** How old it may be, in whole seconds ≥ 1; absent: it may have any age. */
  readonly maxAge?: number;
  /** Whoever makes it signs it in a way of its own (ClamAV does, and APT repositories are), and this need not be signed. */
  readonly unsigned?: true;
  /** Outside, what is too old is not collected; absent: it is told. */
  readonly old?: 'refuse';
}

/** How fresh it is. */
export interface ContentDate extends Omit<ContentChoice, 'unsigned' | 'old'> {
  /** When its maker says that it was made: RFC 3339 in UTC, whole seconds. Read from the content itself, never from a clock. */
  readonly updated: string;
  /** Until when its maker calls it good, where that is said: as `updated`. */
  readonly until?: string;
}

/** `dated ahead`: a day or more after now, so that its age says nothing. */
export type Freshness = 'fresh' | 'too old' | 'dated ahead';

const CLOCKS_DIFFER_MS = 86_400_000;

/** How old content is at `now`, in milliseconds ≥ 0, and whether that is too old: by age, or because its maker calls it good no longer. */
export function freshnessOf(
  { updated, maxAge, until }: ContentDate,
  now: Date,
): { readonly age: number; readonly state: Freshness } {
  const age = now.getTime() - Date.parse(updated);
  if (age <= -CLOCKS_DIFFER_MS) return { age: 0, state: 'dated ahead' };
  const isOld = maxAge !== undefined && age > maxAge * 1000;
  const isOver = until !== undefined && now.getTime() > Date.parse(until);
  return { age: Math.max(0, age), state: isOld || isOver ? 'too old' : 'fresh' };
}

/** What is to be told of content that is not fresh at `now`; undefined where it is. */
export function contentWarning(item: string, content: ContentDate, now: Date): string | undefined {
  const { kind, updated, maxAge, until } = content;
  const { age, state } = freshnessOf(content, now);
  switch (state) {
    case 'fresh':
      return undefined;
    case 'too old':
      if (maxAge === undefined || age <= maxAge * 1000)
        return `${item} (${kind}) is of ${updated}, and good until ${until} only, as its maker says`;
      return `${item} (${kind}) is of ${updated}: older than the ${agesText(maxAge)} that it may have`;
    case 'dated ahead':
      return `${item} (${kind}) is of ${updated}, which is yet to come: how old it is cannot be told`;
  }
}

/** `7 days`, `36 hours`, `90 s`. */
function agesText(seconds: number): string {
  if (seconds === 86_400) return '1 day';
  if (seconds % 86_400 === 0) return `${seconds / 86_400} days`;
  return seconds % 3600 === 0 ? `${seconds / 3600} hours` : `${seconds} s`;
}
