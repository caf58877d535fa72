import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import type { HttpAnswer, HttpClient, StreamedBody } from '@gapferry/http';
import type { Git } from '../git-tool.ts';
import { type Advertised, readAdvertisement } from './advertisement.ts';
import { FLUSH, pktLine, readPackets } from './pkt-line.ts';
import { fromTarget, pushFailure, type RejectedRef } from './push-failure.ts';
import type { PushPlace, RefPush } from './push-refs.ts';
import { workingSilence } from './silence.ts';
import { knownIds } from './staged-objects.ts';

const MOST_BYTES = 268_435_456;
const ACCEPTED = [200, 413];

/** Like `pushRefs`, as one request of our own (gitprotocol-pack, gitprotocol-http): git's HTTP helper compares each ref with every other one and takes hours for a hundred thousand. Each
 *  command names what must stand there, so that the server itself holds the leases. */
export async function pushByRequest(
  git: Git,
  http: HttpClient,
  { staging, url, remote }: PushPlace,
  pushes: readonly RefPush[],
  run: Run,
): Promise<void> {
  const shown = await asTarget(() => readAdvertisement(http, url, 'git-receive-pack', run));
  const commands = pushes.flatMap((push) => toCommand(push, shown.refs));
  requireLeases(url, pushes, shown.refs);
  if (commands.length === 0) return;
  const pack = join(staging, 'gapferry-push.pack');
  try {
    if (commands.some(({ now }) => !isZero(now)))
      await writePack(git, staging, pack, commands, shown.refs, run);
    const head = commandText(commands, shown);
    const body = await bodyOf(head, pack);
    const working = workingSilence({ refs: commands.length, bytes: body.size }, remote.idleTimeoutMs);
    const answer = await send(http, url, body, working, run);
    requireTaken(url, answer);
  } finally {
    await rm(pack, { force: true });
  }
}

interface Command {
  readonly name: string;
  readonly was: string;
  /** Zeros: the ref goes. */
  readonly now: string;
}

function toCommand({ name, oid }: RefPush, there: ReadonlyMap<string, string>): Command[] {
  const was = there.get(name);
  if (was === oid) return [];
  const length = (oid ?? was ?? '').length;
  return [{ name, was: was ?? '0'.repeat(length), now: oid ?? '0'.repeat(length) }];
}

/** What the server shows is what the commands name: whatever else stands there when they are carried out is refused by the server. */
function requireLeases(url: string, pushes: readonly RefPush[], there: ReadonlyMap<string, string>): void {
  const stale = pushes.filter(
    ({ name, lease, oid }) => lease !== undefined && there.get(name) !== lease.oid && there.get(name) !== oid,
  );
  if (stale.length === 0) return;
  const rejected = stale.map(({ name }): RejectedRef => ({ ref: name, reason: 'stale info', byHost: false }));
  throw pushFailure(url, 1, rejected, '');
}

function isZero(oid: string): boolean {
  return /^0+$/.test(oid);
}

function commandText(commands: readonly Command[], { capabilities }: Advertised): string {
  if (!capabilities.includes('atomic') || !capabilities.includes('report-status'))
    throw new GapferryError({
      code: 'PROTOCOL_VIOLATION',
      origin: 'target',
      message: 'the Git server cannot set refs together',
      hint: 'it has to know atomic pushes (git 2.4 and later)',
    });
  const format = capabilities.find((one) => one.startsWith('object-format='));
  const wanted = [
    'report-status',
    'atomic',
    ...(capabilities.includes('side-band-64k') ? ['side-band-64k'] : []),
    ...(format === undefined ? [] : [format]),
  ];
  const lines = commands.map(({ name, was, now }, i) =>
    pktLine(`${was} ${now} ${name}${i === 0 ? `\0 ${wanted.join(' ')}` : ''}`),
  );
  return lines.join('') + FLUSH;
}

/** What the server lacks, on disk: the length of a body is said before it is sent. */
async function writePack(
  git: Git,
  staging: string,
  path: string,
  commands: readonly Command[],
  there: ReadonlyMap<string, string>,
  run: Run,
): Promise<void> {
  const known = await knownIds(git, staging, there.values(), run);
  const wanted = [...new Set(commands.flatMap(({ now }) => (isZero(now) ? [] : [now])))];
  const input = [...wanted, ...[...known].map((oid) => `^${oid}`)].map((line) => `${line}\n`).join('');
  const args = ['pack-objects', '--revs', '--stdout', '--thin', '--delta-base-offset', '-q'];
  const file = await open(path, 'w', 0o600);
  try {
    for await (const chunk of git.stream(
      { repository: staging, doing: `pack what is pushed from ${staging}`, args, input },
      run,
    ))
      await file.write(chunk);
  } finally {
    await file.close();
  }
}

async function bodyOf(head: string, pack: string): Promise<StreamedBody> {
  const first = Buffer.from(head);
  const size = (await stat(pack).catch(() => undefined))?.size ?? 0;
  return {
    size: first.byteLength + size,
    pastAnswer: true,
    open: async function* () {
      yield first;
      if (size > 0) yield* createReadStream(pack);
    },
  };
}

async function send(
  http: HttpClient,
  url: string,
  body: StreamedBody,
  workingTimeoutMs: number,
  run: Run,
): Promise<HttpAnswer> {
  const request = {
    method: 'POST',
    url: `${url}/git-receive-pack`,
    item: `the refs of ${url}`,
    headers: {
      'Content-Type': 'application/x-git-receive-pack-request',
      Accept: 'application/x-git-receive-pack-result',
    },
    accept: ACCEPTED,
    maxBytes: MOST_BYTES,
    body,
    workingTimeoutMs,
  } as const;
  // The bytes of commands are no progress of the item.
  const quiet: Run = {
    signal: run.signal,
    emit: (event) => void (event.kind !== 'bytes' && run.emit(event)),
  };
  return await asTarget(() => http.send(request, quiet));
}

async function asTarget<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw fromTarget(error, 'write');
  }
}

/** Throws unless the report says that everything was taken. */
function requireTaken(url: string, { status, body }: HttpAnswer): void {
  if (status === 413) throw pushFailure(url, 1, [], 'HTTP 413');
  const { report, said } = readReport(Buffer.from(body), url);
  const rejected = report.flatMap((line): RejectedRef[] => {
    const [, ref = '', reason = ''] = /^ng (\S+) (.*)$/.exec(line) ?? [];
    return ref === '' ? [] : [{ ref, reason, byHost: true }];
  });
  const words = said
    .split('\n')
    .map((line) => `remote: ${line}`)
    .join('\n');
  if (!report.includes('unpack ok') || rejected.length > 0) throw pushFailure(url, 1, rejected, words);
}

/** Band 1 is the report, in packets of its own; band 2 is for people, band 3 the last words (gitprotocol-pack, side-band-64k). Without bands, all of it is the report. */
function readReport(body: Buffer, url: string): { report: string[]; said: string } {
  const packets = [...readPackets(body, url)].filter((packet) => packet !== undefined);
  const isBanded = packets.every((packet) => (packet[0] ?? 0) >= 1 && (packet[0] ?? 0) <= 3);
  const band = (wanted: readonly number[]): Buffer =>
    Buffer.concat(
      packets.filter((packet) => wanted.includes(packet[0] ?? 0)).map((packet) => packet.subarray(1)),
    );
  const lines = isBanded
    ? [...readPackets(band([1]), url)].filter((packet) => packet !== undefined)
    : packets;
  return {
    report: lines.map((packet) => packet.toString('utf8').replace(/\n$/, '')),
    said: isBanded ? band([2, 3]).toString('utf8') : '',
  };
}
