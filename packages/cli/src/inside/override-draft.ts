import { FORMATS, type OverridePredicate } from '@gapferry/bundle';
import { type Digest, formatTime, GapferryError, isDigest } from '@gapferry/core';
import type { TrustedSite } from './open-site.ts';
import { readReceipts } from './receipts.ts';

/** What the command line says of a new override. */
export interface OverrideWish {
  /** `CHANNEL/NUMBER`, looked up in the site's receipts, or `CHANNEL@sha256:…`. */
  readonly to: string;
  /** `sha256:…`; the release at the site's mark unless given. */
  readonly from?: string | undefined;
  readonly reason: string;
  /** A date, which means its end, or a time. */
  readonly notAfter: string;
  /** Where its file is at hand. */
  readonly site?: TrustedSite | undefined;
  /** Name of the site, where it is not. */
  readonly siteName?: string | undefined;
}

/** The statement of a new override. With the site its name, mark and receipts are looked up; without, everything is said. Throws `USAGE`. */
export async function draftOverride(wish: OverrideWish, now: Date): Promise<OverridePredicate> {
  const wanted = parseWanted(wish.to);
  const { site } = wish;
  const siteName = site?.config.name ?? wish.siteName;
  if (siteName === undefined)
    throw usage('for which site?', 'name its file with --site, or its name with --for');
  if (site !== undefined) requireChannel(site, wanted.channel);
  const mark = site?.mark(wanted.channel).statement;
  const from = wish.from === undefined ? mark : parseFrom(wish.from);
  if (from === undefined)
    throw usage(
      'from which release does the site go back?',
      'give the statement digest of the release at its mark with --from sha256:…; "gapferry status" shows it',
    );
  const to = 'statement' in wanted ? wanted.statement : await loadedOnce(site, wanted);
  return {
    format: FORMATS.override,
    site: siteName,
    channel: wanted.channel,
    from,
    to,
    reason: wish.reason,
    notAfter: toEnd(wish.notAfter, now),
    issuedAt: formatTime(now),
  };
}

function requireChannel({ policy, config }: TrustedSite, channel: string): void {
  if (policy.channels.has(channel)) return;
  throw usage(
    `the trust policy of site ${config.name} knows no channel ${channel}`,
    `it knows ${[...policy.channels.keys()].join(', ')}`,
  );
}

type Wanted =
  | { readonly channel: string; readonly statement: Digest }
  | { readonly channel: string; readonly sequence: number };

function parseWanted(text: string): Wanted {
  const [, channel = '', number, digest] =
    /^([a-z0-9][a-z0-9._-]*)(?:\/([1-9][0-9]{0,15})|@(sha256:[0-9a-f]{64}))$/.exec(text) ?? [];
  if (isDigest(digest)) return { channel, statement: digest };
  if (number !== undefined) return { channel, sequence: Number(number) };
  throw usage(`"${text.slice(0, 200)}" is no release`, 'write CHANNEL/NUMBER or CHANNEL@sha256:…');
}

function parseFrom(text: string): Digest {
  if (isDigest(text)) return text;
  throw usage(`"${text.slice(0, 200)}" is no statement digest`, 'write sha256: and 64 hex digits');
}

/** Only what was loaded here has a number that means something here. */
async function loadedOnce(
  site: TrustedSite | undefined,
  { channel, sequence }: { readonly channel: string; readonly sequence: number },
): Promise<Digest> {
  const receipts = site === undefined ? [] : await readReceipts(site.stateDirectory);
  const found = receipts.findLast(
    ({ receipt }) => receipt.channel === channel && receipt.sequence === sequence,
  );
  if (found !== undefined) return found.receipt.statement;
  throw usage(
    `there is no receipt of ${channel}/${sequence}${site === undefined ? '' : ` at site ${site.config.name}`}`,
    `give the statement digest of the release: --to ${channel}@sha256:…`,
  );
}

function toEnd(text: string, now: Date): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59Z` : text;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) && !Number.isNaN(Date.parse(time))) {
    if (Date.parse(time) > now.getTime()) return time;
    throw usage(`--not-after ${text} is over already`, 'write a day or a time that is still to come');
  }
  throw usage(`"${text.slice(0, 100)}" is no date`, 'write 2026-12-31, or 2026-12-31T12:00:00Z');
}

function usage(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'USAGE', message, hint });
}
