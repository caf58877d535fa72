const MEMORY = 5;
const GLOBAL = 6;
const EXPORT = 7;
const KIND_GLOBAL = 3;
/** Magic number and version. */
const PREAMBLE = 8;

/** Under these names, with their index, a restorable module exports its globals. */
export const GLOBAL_PREFIX = 'global:';

/** Changes a module as Go's linker writes it: its memory grows to `mostPages` (64 KiB each) and no further, and its mutable globals are exported,
 *  so that its state can be taken and put back. Throws an Error for what is no such module. WebAssembly Core Specification 1.0, section 5.5. */
export function toRestorableModule(program: Uint8Array, mostPages: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [program.subarray(0, PREAMBLE)];
  let globals = 0;
  for (const section of sectionsOf(program)) {
    if (section.id === GLOBAL) globals = readNumber(section.content, 0).value;
    const content = changed(section, mostPages, globals);
    if (content === undefined) parts.push(section.whole);
    else parts.push(Uint8Array.of(section.id), toBytes(content.byteLength), content);
  }
  if (globals === 0) throw new Error('the module has no globals');
  return joined(parts);
}

interface Section {
  readonly id: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

function* sectionsOf(program: Uint8Array): Generator<Section> {
  for (let at = PREAMBLE; at < program.byteLength; ) {
    const size = readNumber(program, at + 1);
    const end = size.next + size.value;
    yield {
      id: program[at] ?? 0,
      content: program.subarray(size.next, end),
      whole: program.subarray(at, end),
    };
    at = end;
  }
}

/** Undefined for a section that stays as it is. */
function changed({ id, content }: Section, mostPages: number, globals: number): Uint8Array | undefined {
  if (id === MEMORY) return limitedMemory(content, mostPages);
  return id === EXPORT ? moreExports(content, globals) : undefined;
}

function limitedMemory(content: Uint8Array, mostPages: number): Uint8Array {
  const count = readNumber(content, 0);
  const limited = content[count.next];
  if (count.value !== 1 || limited === undefined || limited > 1)
    throw new Error('the module has not one memory of the plain kind');
  const least = readNumber(content, count.next + 1).value;
  return joined([Uint8Array.of(1, 1), toBytes(least), toBytes(Math.max(least, mostPages))]);
}

function moreExports(content: Uint8Array, globals: number): Uint8Array {
  const count = readNumber(content, 0);
  const parts = [toBytes(count.value + globals), content.subarray(count.next)];
  for (let index = 0; index < globals; index++) {
    const name = Buffer.from(`${GLOBAL_PREFIX}${index}`);
    parts.push(toBytes(name.byteLength), name, Uint8Array.of(KIND_GLOBAL), toBytes(index));
  }
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** An unsigned LEB128 number of 32 bits. */
function readNumber(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  throw new Error('the module has a number of more than 32 bits');
}

function toBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}
