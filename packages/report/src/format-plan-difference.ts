import {
  type ConditionDifference,
  type NamedRelease,
  type PlanDifference,
  type PlanFileStep,
  type PlanOverride,
  placeText,
  type StepDifference,
  type SubjectDifference,
} from '@gapferry/bundle';
import { printable, shortDigest } from '@gapferry/core';
import { formatBytes } from './format-bytes.ts';
import { count } from './kind-titles.ts';

/** Steps that are told one by one. */
const MOST = 10;
/** Characters of a line: names come from a file that anybody may have written. */
const LONGEST = 600;

/** What of a plan is not as it was approved, in half sentences for people: other subject first, then policy and site file, then steps. Empty where nothing is. */
export function planDifferenceLines({ subject, conditions, steps, shown }: PlanDifference): string[] {
  const told = steps.slice(0, MOST).map(stepText);
  const more = steps.length - told.length;
  return [
    ...subject.map(subjectText),
    ...conditions.map(conditionText),
    ...told,
    ...(more > 0 ? [`and ${count(more, 'more step')}`] : []),
    ...shown.map((what) => SHOWN[what]),
  ].map((line) => printable(line.slice(0, LONGEST)));
}

const SHOWN = {
  totals: 'the totals that it shows are not those of its steps',
  permissions: 'the permissions that it shows are not those that the targets tell of',
} as const;

/** Did nothing move but that steps are done by now, as an import of the plan that was broken off leaves it? */
export function isOnlyDone({ subject, conditions, steps, shown }: PlanDifference): boolean {
  const others = subject.length + conditions.length + shown.length;
  return (
    others === 0 && steps.length > 0 && steps.every(({ was, is }) => was !== undefined && isNearer(was, is))
  );
}

function isNearer(was: PlanFileStep, is: PlanFileStep | undefined): boolean {
  if (is === undefined) return false;
  const isDone = is.content === 'same' && is.name === 'same';
  return isDone || (was.content === 'send' && is.content === 'same' && is.name === was.name);
}

function subjectText(difference: SubjectDifference): string {
  if (difference.what === 'site')
    return `it is a plan for site ${difference.was}, and this is site ${difference.is}`;
  const { was, is } = difference;
  const [number, now] = [was, is].map(({ channel, sequence }) => `${channel}/${sequence}`);
  return number === now
    ? `it is a plan for another release ${number}: ${releaseText(was)}, and this is ${releaseText(is)}`
    : `it is a plan for release ${number} (${was.version}), and this is ${now}`;
}

function releaseText({ version, statement }: NamedRelease): string {
  return [version, ...(statement === undefined ? [] : [`statement ${shortDigest(statement)}…`])].join(', ');
}

function conditionText(difference: ConditionDifference): string {
  if (difference.what === 'override') return overrideText(difference);
  if (difference.what === 'siteFile')
    return `the site file changed (was ${shortDigest(difference.was)}…, is ${shortDigest(difference.is)}…)`;
  const [was, is] = [difference.was, difference.is].map(
    ({ version, digest }) => `version ${version}, ${shortDigest(digest)}…`,
  );
  return `the trust policy changed (was ${was}; is ${is})`;
}

function overrideText({ was, is }: Extract<ConditionDifference, { readonly what: 'override' }>): string {
  const [before, now] = [was, is].map((order) => order && orderText(order));
  if (before === undefined) return `it says nothing of going back, and this goes back by ${now}`;
  if (now === undefined) return `it goes back by ${before}, and this does not`;
  return `it goes back by another order (was ${before}; is ${now})`;
}

function orderText({ statement, signers, reason }: PlanOverride): string {
  return `override ${shortDigest(statement)}… of ${signers.map(({ key }) => key).join(', ')}: ${reason}`;
}

function stepText({ target, place, was, is }: StepDifference): string {
  const kind = (is ?? was)?.kind;
  const where = `${placeText(place, kind)} at target ${target}`;
  if (was === undefined) return `${where} came new: ${is === undefined ? '' : doneText(is)}`;
  if (is === undefined) return `${where} went: was ${doneText(was)}`;
  const [before, now] = [doneText(was), doneText(is)];
  if (before !== now) return `${where} was ${before}, is ${now}`;
  const details = detailText(was, is);
  return `${where} is still ${now}, but ${details}`;
}

function doneText({ content, name, bytes, kind }: PlanFileStep): string {
  if (content === 'same' && name === 'same') return 'there already';
  const sending = content === 'same' ? [] : [kind === 'git' ? 'send' : `send ${formatBytes(bytes)}`];
  const naming = name === 'same' ? [] : [name];
  return [...sending, ...naming].join(' and ');
}

/** Two steps that do the same in other ways. */
function detailText(was: PlanFileStep, is: PlanFileStep): string {
  const members = (
    [
      'item',
      'of',
      'address',
      'replaces',
      'refs',
      'lfs',
      'isNew',
      'makes',
      'head',
      'about',
      'filtered',
    ] as const
  ).filter((member) => JSON.stringify(was[member]) !== JSON.stringify(is[member]));
  if (members.length === 0) return 'the target or the ledger says something else of it';
  if (members[0] === 'replaces')
    return `replaces ${stateText(is.replaces)} and not ${stateText(was.replaces)}`;
  return `with another ${members.join(', ')}`;
}

function stateText(state: PlanFileStep['replaces']): string {
  const [[key, value] = ['nothing', ''], ...more] = Object.entries(state ?? {});
  const what = key === 'digest' ? `${value.slice(0, 19)}…` : `${key} ${value.slice(0, 12)}`.trim();
  return more.length === 0 ? what : `${what} and ${more.length} more`;
}
