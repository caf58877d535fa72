import { GLOBAL_PREFIX, toRestorableModule } from './restorable-module.ts';
import { createWasiCalls, type WasiCalls } from './wasi-calls.ts';
import { type WasmGlobal, type WasmMemory, type WasmModule, wasm } from './web-assembly.ts';

const MIB = 1024 * 1024;
const PAGE = 64 * 1024;
/** An instance that has grown by more than this is given up: memory that WebAssembly once has it keeps. */
const MOST_KEPT = 64 * MIB;

/** Why the engine gave no answer: it ran out of memory, its calls were nested too deeply, or it failed otherwise. */
export type CrashKind = 'memory' | 'depth' | 'engine';

export class EngineCrash extends Error {
  readonly kind: CrashKind;

  constructor(kind: CrashKind, message: string, cause: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** The engine, started once. Every question meets the state of that start, so that an answer depends on its question alone. */
export interface Engine {
  /** Throws `EngineCrash`; the engine may be asked again. For the form of question and answer see engine/main.go. */
  answer(question: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Gets ready for the next question, which `answer` would otherwise do first. */
  prepare(): void;
}

/** Starts the engine of `program`, a module for WASI preview 1, with a memory of at most `memoryMiB`. */
export function startEngine(program: Uint8Array, memoryMiB: number): Engine {
  const module = new wasm.Module(toRestorableModule(program, (memoryMiB * MIB) / PAGE));
  const calls = createWasiCalls(module);
  let instance: Instance | undefined = instantiate(module, calls);
  (instance.exports['_initialize'] as () => void)();
  const start = takeState(instance);
  calls.mark();
  const prepare = (): void => {
    if (instance === undefined || instance.memory.buffer.byteLength > start.memory.byteLength + MOST_KEPT)
      instance = instantiate(module, calls);
    restore(instance, start);
    calls.rewind();
  };
  let isReady = false;
  return {
    prepare() {
      if (!isReady) prepare();
      isReady = true;
    },
    answer(question) {
      this.prepare();
      isReady = false;
      try {
        return ask(instance as Instance, question);
      } catch (error) {
        instance = undefined;
        throw toCrash(error, calls.said());
      }
    },
  };
}

interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly memory: WasmMemory;
  readonly globals: readonly WasmGlobal[];
}

/** All that an instance is between two calls. */
interface State {
  readonly memory: Uint8Array;
  readonly globals: readonly unknown[];
}

function instantiate(module: WasmModule, calls: WasiCalls): Instance {
  const { exports } = new wasm.Instance(module, calls.imports);
  const memory = exports['memory'] as WasmMemory;
  calls.useMemory(memory);
  const globals = Object.keys(exports)
    .filter((name) => name.startsWith(GLOBAL_PREFIX))
    .map((name) => exports[name] as WasmGlobal);
  return { exports, memory, globals };
}

function takeState({ memory, globals }: Instance): State {
  return { memory: new Uint8Array(memory.buffer).slice(), globals: globals.map(({ value }) => value) };
}

function restore({ memory, globals }: Instance, state: State): void {
  const missing = state.memory.byteLength - memory.buffer.byteLength;
  if (missing > 0) memory.grow(missing / PAGE);
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(state.memory);
  // Go takes memory that it has not asked for yet for empty.
  bytes.fill(0, state.memory.byteLength);
  for (const [index, global] of globals.entries()) global.value = state.globals[index];
}

function ask({ exports, memory }: Instance, question: Uint8Array): Uint8Array<ArrayBuffer> {
  const call = exports as Readonly<Record<'reserve' | 'render' | 'size', (size?: number) => number>>;
  // Addresses are unsigned, numbers of WebAssembly signed.
  const at = call.reserve(question.byteLength) >>> 0;
  new Uint8Array(memory.buffer).set(question, at);
  const answer = call.render() >>> 0;
  return new Uint8Array(memory.buffer).slice(answer, answer + (call.size() >>> 0));
}

function toCrash(error: unknown, said: string): EngineCrash {
  const [reason = ''] = /(?:fatal error|panic|runtime): .*/.exec(said) ?? [];
  if (/out of memory|cannot allocate/.test(said)) return new EngineCrash('memory', reason, error);
  if (error instanceof RangeError || /stack overflow|stack exceeds/.test(said))
    return new EngineCrash('depth', reason, error);
  return new EngineCrash('engine', reason || String(error), error);
}
