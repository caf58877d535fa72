import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IMPORT_ENTRIES, ownersIn } from '@gapferry/importer';
import { openLedger, verifyLedger } from '@gapferry/ledger';
import { fixedClock } from '@gapferry/testkit';
import { expect } from 'vitest';
import { BUCKET, REGISTRY, REPOSITORY, type ReleaseContent, type ZoneCopy } from './breakable-zone.ts';
import type { Allowed } from './broken-import-table.ts';
import { gapferry, gapferryJson } from './command-line.ts';
import { atStep, type JournalStep, readSteps } from './journal-steps.ts';
import { lookAtZone, type ZoneView } from './look-at-zone.ts';

/** What an operator does to get from one release to another. */
export interface Undertaking {
  /** Servers and a state of their own, with the release before. */
  readonly fresh: () => Promise<ZoneCopy>;
  /** Commands one after the other, without the site; `{state}` is the state directory of whichever copy they work with. */
  readonly commands: readonly (readonly string[])[];
  readonly before: ReleaseContent;
  readonly after: ReleaseContent;
  /** What stands in the guide, by what was written down last. */
  readonly table: ReadonlyMap<string, Allowed>;
  /** When all is done, the command says so by this exit code: an order to go back counts once. */
  readonly refusedAfter?: { readonly last: ReadonlySet<string>; readonly code: number };
  /** Consumers for whom before and after differ; all unless given. */
  readonly watched?: readonly (keyof ZoneView)[];
}

/** Where a command dies. */
export interface Moment {
  /** Which command, from 0. */
  readonly command: number;
  readonly step: JournalStep;
  /** What was written down last then, as the guide calls it. */
  readonly last: string;
}

/** What is left in the end, however it came about. */
interface EndState {
  readonly view: ZoneView;
  readonly owners: unknown;
  readonly refs: unknown;
  readonly rules: unknown;
  readonly objects: unknown;
  readonly charts: string;
  /** Releases that receipts are about, each once. */
  readonly receipts: readonly string[];
  /** What the registry still has of the release before. */
  readonly left: readonly string[];
  /** Releases that the site keeps something of. */
  readonly kept: readonly string[];
}

const KINDS: Readonly<Record<string, string>> = {
  plant: 'images',
  embedded: 'charts',
  forge: 'git',
  store: 'files',
};
const LANES = 2;

/** Runs it once without a break, and tells at which moments it can be broken and what is left. */
export async function runUnbroken({
  fresh,
  commands,
  before,
  after,
}: Undertaking): Promise<{ moments: Moment[]; end: EndState }> {
  await using zone = await fresh();
  const moments: Moment[] = [];
  let last = 'nothing yet';
  for (const [command, args] of commands.entries()) {
    const log = `${zone.log}-${command}`;
    await gapferryJson(atStep(zone.inside, zone.state, log), given(zone, args));
    for (const step of await readSteps(log)) {
      if (step.side === 'after') last = nameOf(step, args);
      moments.push({ command, step, last });
    }
  }
  return { moments, end: await endOf(zone, before, after) };
}

/** Kills it at each of the moments, looks what others see, and runs the same command again, and those after it. */
export async function killEverywhere(
  undertaking: Undertaking,
  moments: readonly Moment[],
  end: EndState,
): Promise<void> {
  const waiting = moments.values();
  const lane = async (): Promise<void> => {
    for (const moment of waiting) await killAt(undertaking, moment, end);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Kills the last of the commands at all of these moments (`after prune.began`), one after the other, in one copy: each run goes on where the one before died. */
export async function killInARow(
  { fresh, commands, before, after, table, watched }: Undertaking,
  row: readonly { readonly at: string; readonly last: string }[],
  end: EndState,
): Promise<void> {
  await using zone = await fresh();
  for (const args of commands.slice(0, -1)) await gapferryJson(zone.inside, given(zone, args));
  const last = given(zone, commands.at(-1) ?? []);
  for (const { at, last: written } of row) {
    const how = `killed ${at}`;
    const killed = await gapferry(atStep(zone.inside, zone.state, zone.log, at), last);
    expect(killed.signal, `${how}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
    expectAllowed(table.get(written), await lookAtZone(zone, before, after), watched, how);
  }
  await gapferryJson(zone.inside, last);
  expect(await endOf(zone, before, after)).toEqual(end);
  const { tampered } = await verifyLedger(join(zone.state, 'ledger.db'));
  expect(tampered).toBeUndefined();
}

async function killAt(undertaking: Undertaking, moment: Moment, end: EndState): Promise<void> {
  const { commands, before, after, table, watched, refusedAfter } = undertaking;
  const { command, step } = moment;
  const how = `killed ${step.side} step ${step.number} (${step.label}) of ${commands[command]?.[0]}`;
  await using zone = await undertaking.fresh();
  for (const args of commands.slice(0, command)) await gapferryJson(zone.inside, given(zone, args));
  const machine = atStep(zone.inside, zone.state, zone.log, `${step.number} ${step.side}`);
  const killed = await gapferry(machine, given(zone, commands[command] ?? []));
  expect(killed.signal, `${how}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
  expectAllowed(
    table.get(moment.last),
    await lookAtZone(zone, before, after),
    watched,
    `${how}, after ${moment.last}`,
  );
  for (const args of commands.slice(command)) {
    const again = await gapferry(zone.inside, given(zone, args));
    const isDone = refusedAfter?.last.has(moment.last) === true;
    const expected = isDone ? refusedAfter?.code : 0;
    expect(again.code, `${how}, again: ${again.stdout}${again.stderr}`).toBe(expected);
  }
  expect(await endOf(zone, before, after), how).toEqual(end);
  expect(sentTwice(zone), how).toEqual([]);
  const { tampered } = await verifyLedger(join(zone.state, 'ledger.db'));
  expect(tampered, how).toBeUndefined();
}

function given({ state, site }: ZoneCopy, args: readonly string[]): string[] {
  return [...args.map((arg) => arg.replace('{state}', state)), ...site];
}

/** As the guide calls it: targets by what they take. */
function nameOf({ label }: JournalStep, args: readonly string[]): string {
  if (label === 'import.began' && args[0] === 'activate') return 'import.began of activate';
  if (label === 'head noted' && args.includes('--stage')) return 'head noted of --stage';
  if (label.startsWith('prune.')) return label.split(' ')[0] ?? label;
  const [entry = '', target = '', kind = KINDS[target]] = label.split(' ');
  return KINDS[target] === undefined ? label : `${entry} ${kind}`;
}

function expectAllowed(
  row: Allowed | undefined,
  view: ZoneView,
  watched: readonly (keyof ZoneView)[] | undefined,
  how: string,
): void {
  if (row === undefined) throw new Error(`the guide has no row for this: ${how}`);
  for (const who of watched ?? (Object.keys(view) as (keyof ZoneView)[]))
    expect([...row[who]], `${how}: ${who}`).toContain(view[who]);
  expectOrder(view, watched, how);
}

const ORDER = ['attachments', 'images', 'charts', 'git', 'index'] as const;

/** Whatever the guide says: nothing shows what is not there, and a commit names only what is. */
function expectOrder(view: ZoneView, watched: readonly (keyof ZoneView)[] | undefined, how: string): void {
  const order = ORDER.filter((who) => watched?.includes(who) ?? true).map((who) => view[who]);
  const begun = Math.max(
    order.findLastIndex((found) => found !== 'old'),
    0,
  );
  expect(order.slice(0, begun), how).toEqual(Array(begun).fill('new'));
  if (order.some((found) => found !== 'old') || view.latest !== 'old') expect(view.digests, how).toBe('all');
}

async function endOf(zone: ZoneCopy, before: ReleaseContent, after: ReleaseContent): Promise<EndState> {
  const { gitea, registry, store, state } = zone;
  const objects = store.keys(BUCKET).map((key) => {
    const found = store.object(BUCKET, key);
    return [key, key.endsWith('index.json') ? '' : found?.etag, found?.metadata];
  });
  return {
    view: await lookAtZone(zone, before, after),
    owners: await ownersOf(state),
    refs: await gitea.repositories.refs(REPOSITORY),
    rules: gitea.repository(REPOSITORY).branchRules,
    objects,
    charts: await readFile(join(zone.embedded, 'index.json'), 'utf8'),
    left: Object.entries(before.images).flatMap(([name, { root }]) =>
      registry.hasManifest(`${REGISTRY}/${name}`, root.digest) ? [name] : [],
    ),
    kept: (await readdir(join(state, 'releases/line-a'))).sort(),
    receipts: [...new Set((await readdir(join(state, 'receipts'))).map((name) => name.slice(7)))].sort(),
  };
}

/** Who owns what in the places that imports named, and what was left there. */
async function ownersOf(state: string): Promise<unknown> {
  const ledger = await openLedger(join(state, 'ledger.db'), {
    clock: fixedClock('2026-01-01T00:00:00Z'),
    readOnly: true,
  });
  try {
    const ownerOf = ownersIn(ledger);
    const named = [...ledger.history([IMPORT_ENTRIES.named])].map(({ data }) => [
      data['target'],
      data['place'],
    ]);
    const places = new Map(named.map((pair) => [pair.join('\n'), pair.map(String)]));
    return [...places.values()].sort().map(([target = '', place = '']) => [place, ownerOf(target, place)]);
  } finally {
    ledger.close();
  }
}

/** What a server took whole more than once. */
function sentTwice({ registry, store }: ZoneCopy): string[] {
  const taken = [
    ...registry.requests.flatMap(({ method, url, status }) => {
      const blob = /^(\/v2\/.*)\/blobs\/uploads\/.*digest=([^&]*)/.exec(url);
      return method === 'PUT' && status === 201 && blob !== null ? [`${blob[1]} ${blob[2]}`] : [];
    }),
    ...store.requests.flatMap(({ method, url, status }) =>
      method === 'PUT' && status === 200 && !/index\.json|\/latest\//.test(url)
        ? [url.replace(/uploadId=[^&]*/, '')]
        : [],
    ),
  ];
  return taken.filter((what, i) => taken.indexOf(what) !== i);
}
