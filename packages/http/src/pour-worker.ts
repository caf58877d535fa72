import { createHash, type Hash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as secureConnect } from 'node:tls';
import { parentPort } from 'node:worker_threads';
import type { DialPlan, Failure, PourAnswer, PourCommand } from './pour-protocol.ts';
import { HEAD_LIMIT, parseRawHead } from './raw-head.ts';

/** What one read of a socket brings at most, and what one read of a file does. Small enough to stay in a core's own cache between receiving, hashing and writing: with 1 MiB that took a quarter more. */
const BUFFER = 128 << 10;
/** Progress is told after so many bytes, or after so many milliseconds with any. */
const TELL_BYTES = 1 << 20;
const TELL_MS = 500;

/** One file that grows, its hash, and the trip that brings its bytes. */
interface Session {
  readonly id: number;
  readonly fd: number;
  readonly hash: Hash;
  /** Bytes of the file. */
  size: number;
  /** A file that could not be written has no digest. */
  broken: boolean;
  trip: Trip | undefined;
}

interface Trip {
  readonly socket: Socket;
  readonly buffer: Uint8Array;
  /** What came of the head so far; undefined when it is complete. */
  head: Buffer | undefined;
  /** Body bytes that came with the head. */
  rest: Buffer;
  /** Body bytes still to come, and to drop. */
  left: number;
  skip: number;
  taking: boolean;
  /** Why the connection ended, when it did before anybody took the body: what had come by then is still good. */
  over: Error | undefined;
  untold: number;
  toldAt: number;
}

const sessions = new Map<number, Session>();
/** Receive buffers that no trip uses: touching new memory costs more than hashing it. */
const spare: Uint8Array[] = [];

parentPort?.on('message', (command: PourCommand) => {
  if (command.kind === 'open') open(command);
  else answer(command);
});

function answer(command: Exclude<PourCommand, { kind: 'open' }>): void {
  const session = sessions.get(command.session);
  if (session === undefined) return;
  if (command.kind === 'ask') ask(session, command.to, command.question);
  else if (command.kind === 'take') take(session, command.skip);
  else if (command.kind === 'close') close(session);
  else {
    leave(session);
    tell({ kind: 'left', session: session.id });
  }
}

function tell(answer: PourAnswer): void {
  parentPort?.postMessage(answer);
}

function open({ session: id, fd, from }: Extract<PourCommand, { kind: 'open' }>): void {
  const session: Session = { id, fd, hash: createHash('sha256'), size: 0, broken: false, trip: undefined };
  sessions.set(id, session);
  const buffer = takeBuffer();
  try {
    while (session.size < from) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.byteLength, from - session.size), session.size);
      if (count === 0) throw new Error(`the file is shorter than ${from} bytes`);
      session.hash.update(buffer.subarray(0, count));
      session.size += count;
    }
    tell({ kind: 'opened', session: id });
  } catch (error) {
    fail(session, 'file', error);
  } finally {
    spare.push(buffer);
  }
}

function takeBuffer(): Uint8Array {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER);
}

/** Everything that comes is hashed and written before the next read, from the one buffer it came into: that is what keeps the other side from sending faster than we can write. */
function ask(session: Session, to: DialPlan, question: string): void {
  const buffer = takeBuffer();
  const callback = (count: number): boolean => receive(session, trip, buffer.subarray(0, count));
  let socket: Socket;
  try {
    socket = dial(to, { buffer, callback });
  } catch (error) {
    spare.push(buffer);
    fail(session, 'trip', error);
    return;
  }
  const trip: Trip = {
    socket,
    buffer,
    head: Buffer.alloc(0),
    rest: Buffer.alloc(0),
    left: 0,
    skip: 0,
    taking: false,
    over: undefined,
    untold: 0,
    toldAt: performance.now(),
  };
  session.trip = trip;
  const late = setTimeout(() => socket.destroy(timedOut(to)), to.connectMs);
  const stands = to.tls === undefined ? 'connect' : 'secureConnect';
  socket.once(stands, () => clearTimeout(late)).once('close', () => clearTimeout(late));
  socket.on('error', (error) => failTrip(session, trip, error));
  for (const end of ['end', 'close'] as const) socket.once(end, () => failTrip(session, trip, cut()));
  socket.write(question);
}

function dial({ host, port, tls }: DialPlan, onread: OnReadOpts): Socket {
  if (tls === undefined) return connect({ host, port, onread });
  const options: ConnectionOptions & { onread: OnReadOpts } = { host, port, ...tls, onread };
  return secureConnect(options);
}

function timedOut({ connectMs }: DialPlan): Error {
  return Object.assign(new Error(`no connection within ${connectMs} ms`), { code: 'ETIMEDOUT' });
}

function cut(): Error {
  return Object.assign(new Error('the connection ended before the answer did'), { code: 'ECONNRESET' });
}

/** False pauses the socket. TLS delivers what it has decrypted all the same, so that pieces may still come. */
function receive(session: Session, trip: Trip, piece: Uint8Array): boolean {
  if (session.trip !== trip) return false;
  if (trip.head !== undefined) return receiveHead(session, trip, piece);
  if (!trip.taking) {
    trip.rest = Buffer.concat([trip.rest, piece]);
    return false;
  }
  write(session, trip, piece);
  return true;
}

function receiveHead(session: Session, trip: Trip, piece: Uint8Array): boolean {
  const received = Buffer.concat([trip.head ?? Buffer.alloc(0), piece]);
  const end = received.indexOf('\r\n\r\n');
  trip.head = received;
  if (end < 0 && received.byteLength <= HEAD_LIMIT) return true;
  const head = end < 0 || end > HEAD_LIMIT ? undefined : parseRawHead(received.toString('latin1', 0, end));
  if (head === undefined) {
    leave(session);
    tell({ kind: 'odd', session: session.id });
    return false;
  }
  trip.head = undefined;
  trip.rest = received.subarray(end + 4);
  trip.left = head.length;
  tell({ kind: 'head', session: session.id, status: head.status, headers: head.headers });
  return false;
}

function take(session: Session, skip: number): void {
  const { trip } = session;
  if (trip === undefined) return;
  trip.skip = skip;
  trip.taking = true;
  const { rest } = trip;
  trip.rest = Buffer.alloc(0);
  write(session, trip, rest);
  if (session.trip !== trip) return;
  if (trip.over === undefined) trip.socket.resume();
  else failTrip(session, trip, trip.over);
}

/** Appends what belongs to the body and is not there yet. */
function write(session: Session, trip: Trip, piece: Uint8Array): void {
  const body = piece.subarray(0, trip.left);
  trip.left -= body.byteLength;
  const wanted = body.subarray(trip.skip);
  trip.skip -= body.byteLength - wanted.byteLength;
  try {
    append(session, wanted);
  } catch (error) {
    session.broken = true;
    leave(session);
    fail(session, 'file', error);
    return;
  }
  trip.untold += wanted.byteLength;
  if (trip.untold >= TELL_BYTES || performance.now() - trip.toldAt >= TELL_MS) tellBytes(session, trip);
  if (trip.left > 0) return;
  leave(session);
  tell({ kind: 'ended', session: session.id });
}

function append(session: Session, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) {
    const count = writeSync(session.fd, bytes, at, bytes.byteLength - at, session.size);
    session.hash.update(bytes.subarray(at, at + count));
    session.size += count;
    at += count;
  }
}

function tellBytes(session: Session, trip: Trip): void {
  if (trip.untold > 0) tell({ kind: 'bytes', session: session.id, bytes: trip.untold });
  trip.untold = 0;
  trip.toldAt = performance.now();
}

/** Between head and `take` nobody waits for word of it. */
function failTrip(session: Session, trip: Trip, error: Error): void {
  if (session.trip !== trip) return;
  if (trip.head === undefined && !trip.taking) {
    trip.over ??= error;
    return;
  }
  leave(session);
  fail(session, 'trip', error);
}

function fail(session: Session, of: 'trip' | 'file', error: unknown): void {
  tell({ kind: 'failed', session: session.id, of, error: toFailure(error) });
}

/** A happy-eyeballs failure is an AggregateError. */
function toFailure(error: unknown): Failure {
  if (error instanceof AggregateError && error.errors.length > 0) return toFailure(error.errors[0]);
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  return { message, ...(code !== undefined && { code }), ...(syscall !== undefined && { syscall }) };
}

function leave(session: Session): void {
  const { trip } = session;
  if (trip === undefined) return;
  session.trip = undefined;
  tellBytes(session, trip);
  trip.socket.destroy();
  spare.push(trip.buffer);
}

function close(session: Session): void {
  leave(session);
  sessions.delete(session.id);
  const digest = session.broken ? {} : { digest: session.hash.digest('hex') };
  tell({ kind: 'closed', session: session.id, ...digest });
}
