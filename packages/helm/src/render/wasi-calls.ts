import { createHash } from 'node:crypto';
import { type WasmCall, type WasmImports, type WasmMemory, type WasmModule, wasm } from './web-assembly.ts';

/** Error numbers of WASI. */
const SUCCESS = 0;
const NO_SUCH_DESCRIPTOR = 8;

/** 2000-01-01T00:00:00Z in nanoseconds: what the clock shows, always. */
const WALL_CLOCK = 946_684_800_000_000_000n;
const REALTIME = 0;
/** How far the other clock goes on each time it is read. */
const TICK = 1000n;

const MOST_WORDS = 16 * 1024;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const TO_THE_TIME = 1;

/** What the engine may call outside of itself: no files, no network, no arguments, no environment. Its clock stands and its random bytes are the same
 *  from every `rewind` on. */
export interface WasiCalls {
  readonly imports: WasmImports;
  /** The memory that the calls read and write. Before anything is called. */
  useMemory(memory: WasmMemory): void;
  /** From now on `rewind` leads here. */
  mark(): void;
  /** Forgets what was said, and sets the clock back; random bytes start anew. */
  rewind(): void;
  /** What the engine wrote to its standard output and error. */
  said(): string;
}

/** The engine ended itself. */
export class EngineExit extends Error {}

/** Answers what `module` imports of WASI preview 1 (`wasi_snapshot_preview1`). What is not one of the few calls fails as for a descriptor that is not open. */
export function createWasiCalls(module: WasmModule): WasiCalls {
  const host: Host = { memory: undefined, time: 0n, drawn: 0, words: '' };
  let marked = 0n;
  return {
    imports: toImports(module, callsOf(host)),
    useMemory(memory) {
      host.memory = memory;
    },
    mark() {
      marked = host.time;
    },
    rewind() {
      host.time = marked;
      host.drawn = 0;
      host.words = '';
    },
    said: () => host.words,
  };
}

interface Host {
  memory: WasmMemory | undefined;
  /** What the clock that is not the wall's shows. */
  time: bigint;
  /** Blocks of random bytes. */
  drawn: number;
  words: string;
}

function callsOf(host: Host): Readonly<Record<string, WasmCall>> {
  const view = (): DataView => new DataView(host.memory?.buffer ?? new ArrayBuffer(0));
  const done = (): number => SUCCESS;
  const nothing = (count: number, size: number): number => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return SUCCESS;
  };
  return {
    args_get: done,
    args_sizes_get: nothing,
    environ_get: done,
    environ_sizes_get: nothing,
    sched_yield: done,
    clock_time_get(clock: number, _precision: bigint, out: number) {
      host.time += TICK;
      view().setBigUint64(out, clock === REALTIME ? WALL_CLOCK : host.time, true);
      return SUCCESS;
    },
    random_get(at: number, size: number) {
      drawInto(host, new Uint8Array(view().buffer, at, size));
      return SUCCESS;
    },
    fd_write(_descriptor: number, vectors: number, count: number, out: number) {
      const { text, size } = readVectors(view(), vectors, count);
      if (host.words.length < MOST_WORDS) host.words += text;
      view().setUint32(out, size, true);
      return SUCCESS;
    },
    proc_exit(code: number) {
      throw new EngineExit(`the engine ended with ${code}`);
    },
    poll_oneoff(subscriptions: number, events: number, count: number, out: number) {
      host.time = sleep(view(), { subscriptions, events, count, out }, host.time);
      return SUCCESS;
    },
  };
}

function drawInto(host: Host, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength; ) {
    const block = createHash('sha256')
      .update(`${host.drawn++}`)
      .digest();
    bytes.set(block.subarray(0, bytes.byteLength - done), done);
    done += block.byteLength;
  }
}

function toImports(module: WasmModule, calls: Readonly<Record<string, WasmCall>>): WasmImports {
  const refuse = (): number => NO_SUCH_DESCRIPTOR;
  const imports: Record<string, Record<string, WasmCall>> = {};
  for (const { module: from, name } of wasm.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = calls[name] ?? refuse;
  }
  return imports;
}

function readVectors(view: DataView, at: number, count: number): { text: string; size: number } {
  let text = '';
  let size = 0;
  for (let index = 0; index < count; index++) {
    const start = view.getUint32(at + 8 * index, true);
    const length = view.getUint32(at + 8 * index + 4, true);
    text += Buffer.from(view.buffer, start, Math.min(length, MOST_WORDS)).toString();
    size += length;
  }
  return { text, size };
}

interface Poll {
  readonly subscriptions: number;
  readonly events: number;
  readonly count: number;
  readonly out: number;
}

/** Nobody sleeps: the clock is set to when the sleeper would wake. Returns what it shows then. */
function sleep(view: DataView, { subscriptions, events, count, out }: Poll, now: bigint): bigint {
  let time = now;
  for (let index = 0; index < count; index++) {
    const subscription = subscriptions + SUBSCRIPTION_BYTES * index;
    const event = events + EVENT_BYTES * index;
    const kind = view.getUint8(subscription + 8);
    if (kind === 0) {
      const timeout = view.getBigUint64(subscription + 24, true);
      const wakes = (view.getUint16(subscription + 40, true) & TO_THE_TIME) === 0 ? now + timeout : timeout;
      if (wakes > time) time = wakes;
    }
    view.setBigUint64(event, view.getBigUint64(subscription, true), true);
    view.setUint16(event + 8, SUCCESS, true);
    view.setUint8(event + 10, kind);
  }
  view.setUint32(out, count, true);
  return time;
}
