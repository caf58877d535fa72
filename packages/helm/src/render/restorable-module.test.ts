import { describe, expect, it } from 'vitest';
import { toRestorableModule } from './restorable-module.ts';
import { type WasmGlobal, type WasmMemory, wasm } from './web-assembly.ts';

const PAGE = 64 * 1024;
/** `(module (memory (export "memory") 1) (global (mut i32) (i32.const 7)))` by the specification's binary format. */
const MODULE: Uint8Array<ArrayBuffer> = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x05, 0x03, 0x01, 0x00, 0x01],
  ...[0x06, 0x06, 0x01, 0x7f, 0x01, 0x41, 0x07, 0x0b],
  ...[0x07, 0x0a, 0x01, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00],
]);

describe('a restorable module', () => {
  const start = (mostPages: number): Readonly<Record<string, unknown>> =>
    new wasm.Instance(new wasm.Module(toRestorableModule(MODULE, mostPages)), {}).exports;

  it('has memory up to the limit', () => {
    const memory = start(300)['memory'] as WasmMemory;
    memory.grow(299);
    expect(memory.buffer.byteLength).toBe(300 * PAGE);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it('shows its globals, which can be set', () => {
    const global = start(1)['global:0'] as WasmGlobal;
    expect(global.value).toBe(7);
    global.value = 8;
    expect(global.value).toBe(8);
  });

  it('is not made of one without a memory of its own or without globals', () => {
    expect(() => toRestorableModule(MODULE.subarray(0, 13), 1)).toThrow('no globals');
    const shared = MODULE.with(11, 0x03);
    expect(() => toRestorableModule(shared, 1)).toThrow('not one memory');
    const endless = MODULE.with(9, 0xff).fill(0xff, 9, 16);
    expect(() => toRestorableModule(endless, 1)).toThrow('more than 32 bits');
  });
});
