import { formatReleaseAddress, GapferryError, isGapferryError, type ReleaseAddress } from '@gapferry/core';
import { findKeptRelease, type KeptRelease } from './kept-releases.ts';
import type { TrustedSite } from './open-site.ts';

/** What `activate` is given: `line-a` or `line-a/17`. Throws `USAGE`. */
export function parseActivation(text: string): { readonly channel: string; readonly sequence?: number } {
  const [, channel, number] = /^([a-z0-9][a-z0-9._-]{0,62})(?:\/([1-9][0-9]{0,15}))?$/.exec(text) ?? [];
  if (channel !== undefined) return { channel, ...(number !== undefined && { sequence: Number(number) }) };
  throw new GapferryError({
    code: 'USAGE',
    message: `"${text.slice(0, 200)}" does not name a release`,
    hint: 'write CHANNEL or CHANNEL/NUMBER; the medium is not needed',
  });
}

/** The kept release that is meant: without a number the highest that was accepted of the channel, which is the one that was staged last. Throws `RELEASE_NOT_FOUND`. */
export async function findStaged(
  { channel, sequence }: ReturnType<typeof parseActivation>,
  site: TrustedSite,
): Promise<KeptRelease> {
  const mark = site.mark(channel);
  const wanted = sequence ?? mark.sequence;
  if (wanted === 0)
    throw new GapferryError({
      code: 'RELEASE_NOT_FOUND',
      message: `nothing of channel ${channel} was ever staged or imported at site ${site.config.name}`,
      hint: `stage a release from its medium first: gapferry import DIR --stage --site ${site.file}`,
      origin: 'site',
    });
  const statement = wanted === mark.sequence ? mark.statement : undefined;
  return await findKeptRelease(site.stateDirectory, { channel, sequence: wanted, statement });
}

/** An older release is refused by the mark; whoever staged it before should know what came in between, and what to do. */
export function withNewerNamed(error: unknown, asked: ReleaseAddress, site: TrustedSite): unknown {
  if (!isGapferryError(error, 'ROLLBACK')) return error;
  const { sequence } = site.mark(asked.channel);
  return new GapferryError({
    code: 'ROLLBACK',
    message: `release ${formatReleaseAddress(asked)} cannot be activated any more: number ${sequence} of channel ${asked.channel} was staged or imported at this site since`,
    hint: `activate that one: gapferry activate ${asked.channel}/${sequence} --site ${site.file}; going back on purpose needs an order, see "gapferry trust override --help"`,
    origin: 'site',
    data: { ...error.data },
    cause: error,
  });
}
