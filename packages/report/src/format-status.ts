import { placeText } from '@gapferry/bundle';
import { type NameState, printable, shortDigest } from '@gapferry/core';
import { contentAgeLines } from './content-dates.ts';
import { formatTable } from './format-table.ts';
import {
  type ChannelStatus,
  type DriftStatus,
  judgeStatus,
  type ReleaseName,
  type SiteStatus,
  type TargetStatus,
} from './site-status.ts';

/** Differences of one channel, and refs or files of one name, that are shown one by one. */
const SHOWN = 50;
const SHOWN_PARTS = 5;

/** Where a site stands, for people: what differs is the last thing they read. */
export function formatStatus(status: SiteStatus): string {
  const { running, restarts, channels } = status;
  return [
    ...(running === undefined
      ? []
      : [`at work right now: ${running.purpose}, since ${running.since}, by ${running.by}`]),
    ...restarts.map(
      ({ index, at, reason }) =>
        `the ledger was begun anew at ${at} (entry ${index}), what was before is lost: ${reason}`,
    ),
    ...(channels.length === 0 ? ['nothing was imported yet'] : []),
  ]
    .map(printable)
    .concat(
      channels.map((channel) => channelText(channel, running !== undefined)),
      summaryOf(status),
    )
    .join('\n');
}

function summaryOf(status: SiteStatus): string[] {
  if (status.channels.every(({ targets, notCompared }) => targets === undefined && notCompared === undefined))
    return [];
  const { drift, unknown } = judgeStatus(status);
  const same = status.channels
    .flatMap(({ targets = [] }) => targets)
    .reduce((sum, target) => sum + target.same, 0);
  const rest = unknown === 0 ? '' : '; not everything could be asked: see above';
  return drift === 0
    ? [`${same} name(s) stand as they were left${rest}`]
    : [`${drift} thing(s) differ from what was left, ${same} name(s) stand${rest}`];
}

function channelText(channel: ChannelStatus, isAtWork: boolean): string {
  const rows = [
    ...loadedRows(channel),
    ...(channel.staged === undefined
      ? []
      : [['staged', `${nameOf(channel, channel.staged)} at ${channel.staged.at}, nothing of it visible`]]),
    ...unfinishedRows(channel, isAtWork),
    ...(channel.mark === undefined ? [] : [['mark', String(channel.mark)]]),
    ...channel.overrides.map(({ override, at, to, reason }) => [
      'override',
      `${shortDigest(override)} led to ${nameOf(channel, to)} at ${at}${reason === undefined ? '' : `: ${reason}`}`,
    ]),
    ...(channel.targets ?? []).map((target) => ['target', targetText(target)]),
    ...(channel.notCompared === undefined
      ? []
      : [['unknown', `${channel.notCompared.message}${hintText(channel.notCompared.hint)}`]]),
  ];
  return [
    printable(channel.channel),
    formatTable(rows, { indent: 2 }),
    ...contentAgeLines(channel.content ?? []).map((line) => `  ${line}`),
    ...driftLines((channel.targets ?? []).flatMap(({ drift }) => drift)),
  ].join('\n');
}

function loadedRows(channel: ChannelStatus): string[][] {
  const { loaded, notCompared, unfinished } = channel;
  // What is unknown then is what is loaded.
  if (loaded === undefined && notCompared !== undefined && unfinished === undefined) return [];
  if (loaded === undefined) return [['loaded', 'nothing']];
  const { since, proved, receipt, override } = loaded;
  const by = receipt === undefined ? '' : `; receipt ${receipt.file ?? shortDigest(receipt.statement)}`;
  const found = proved === since ? '' : `, found whole at ${proved}`;
  const back = override === undefined ? '' : ', gone back to by an override';
  return [['loaded', `${nameOf(channel, loaded)} since ${since}${back}${found}${by}`]];
}

/** `isAtWork`: somebody holds the site's lock, and may be about to finish it. */
function unfinishedRows(channel: ChannelStatus, isAtWork: boolean): string[][] {
  const { unfinished } = channel;
  if (unfinished === undefined) return [];
  const { how, at, message } = unfinished;
  const why = message === undefined ? '' : `: ${message}`;
  const what = {
    'partly-loaded': ['partly', `only in part, at ${at}: import it again to go on`],
    stopped: ['stopped', `at ${at}${why}`],
    'broken off': [
      'begun',
      `at ${at}, ${isAtWork ? 'and has not come to its end yet' : 'and no more was heard of it: import it again to go on'}`,
    ],
  }[how];
  return [[what[0] ?? '', `${nameOf(channel, unfinished)} ${what[1]}`]];
}

function nameOf({ channel }: ChannelStatus, { sequence, version }: ReleaseName): string {
  return version === undefined ? `${channel}/${sequence}` : `${version} (${channel}/${sequence})`;
}

function targetText({ target, same, unasked, drift, error }: TargetStatus): string {
  const counts = [
    `${same} name(s) as they were left`,
    ...(drift.length > 0 ? [`${drift.length} that differ`] : []),
    ...(unasked > 0 ? [`${unasked} that could not be asked`] : []),
  ];
  return `${target}: ${counts.join(', ')}${error === undefined ? '' : `: ${error.message}${hintText(error.hint)}`}`;
}

function hintText(hint: string | undefined): string {
  return hint === undefined ? '' : ` (${hint})`;
}

function driftLines(drift: readonly DriftStatus[]): string[] {
  const rows = drift
    .slice(0, SHOWN)
    .map((one) => [one.kind, `${one.item} at ${one.target}`, changeText(one)]);
  const more = drift.length > SHOWN ? [`  … and ${drift.length - SHOWN} more`] : [];
  return rows.length === 0 ? [] : ['  differs:', formatTable(rows, { indent: 4 }), ...more];
}

function changeText({ kind, address, place, was = {}, is = {} }: DriftStatus): string {
  const where = address ?? placeText(place);
  if (kind === 'content') return `${where}: the name stands, what it needs is not there any more`;
  if (kind === 'gone') return `${where}: is not there any more`;
  const keys = Object.keys(was);
  const parts = keys.slice(0, SHOWN_PARTS).map((key) => partText(key, was, is));
  const more = keys.length > SHOWN_PARTS ? `; and ${keys.length - SHOWN_PARTS} more` : '';
  return `${where}: ${parts.join('; ')}${more}`;
}

function partText(key: string, was: NameState, is: NameState): string {
  const now = is[key] === undefined ? 'is not there any more' : `is ${shortened(is[key])}`;
  return `${key === 'digest' ? '' : `${key} `}was ${shortened(was[key] ?? '')}, ${now}`;
}

/** Digests and object ids as people compare them. */
function shortened(value: string): string {
  return value.startsWith('sha256:') ? shortDigest(value as `sha256:${string}` as never) : value.slice(0, 12);
}
