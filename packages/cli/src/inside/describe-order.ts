import type { OverridePredicate } from '@gapferry/bundle';
import type { GapferryError } from '@gapferry/core';
import type { KnownRelease, OrderOutlook } from './order-outlook.ts';

/** On the terminal, before it is signed. Only a site knows how people call its releases. */
export function describeOrder(
  { site, channel, from, to, reason, notAfter }: OverridePredicate,
  outlook: OrderOutlook | undefined,
): string {
  const named = (statement: string, release: KnownRelease | undefined): string =>
    release === undefined ? statement : `${release.version} (${channel}/${release.sequence})  ${statement}`;
  return [
    `site ${site} goes back in channel ${channel}`,
    `  from    ${named(from, outlook?.from)}`,
    `  to      ${named(to, outlook?.to)}`,
    `  until   ${notAfter}`,
    `  reason  ${reason}`,
    ...(outlook === undefined ? ['  (with --site its releases are named by their numbers)'] : []),
  ].join('\n');
}

/** For `--json`: what the releases are called, and whether the site would accept these signatures. */
export function outlookJson(
  { from, to }: OrderOutlook,
  refusal: GapferryError | undefined,
): Record<string, unknown> {
  const named = ({ sequence, version }: KnownRelease): unknown => ({ sequence, version });
  return {
    ...(from !== undefined && { fromRelease: named(from) }),
    ...(to !== undefined && { toRelease: named(to) }),
    accepted: refusal === undefined,
    ...(refusal !== undefined && {
      refused: { code: refusal.code, message: refusal.message, hint: refusal.hint },
    }),
  };
}

/** What the site would say to an import with these files, and the import. */
export function outlookLines(
  { site, channel }: OverridePredicate,
  { to }: OrderOutlook,
  refusal: GapferryError | undefined,
  files: readonly string[],
  siteFile: string,
): string[] {
  if (refusal !== undefined)
    return [
      `site ${site} does not accept it so: ${refusal.message}`,
      ...(refusal.hint === undefined ? [] : [`hint: ${refusal.hint}`]),
    ];
  const place = to === undefined ? 'DIR' : `--to ${channel}/${to.sequence}`;
  const given = files.map((file) => `--override ${file}`).join(' ');
  return [`site ${site} accepts it: gapferry import ${place} ${given} --site ${siteFile}`];
}
