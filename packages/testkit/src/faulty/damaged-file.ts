import { appendFile, open, stat, truncate } from 'node:fs/promises';

/** Inverts every bit of one byte, in place; a negative offset counts from the end. */
export async function flipByte(path: string, offset: number = 0): Promise<void> {
  const { size } = await stat(path);
  const at = offset < 0 ? size + offset : offset;
  if (at < 0 || at >= size) throw new RangeError(`${path} has ${size} bytes, none at ${offset}`);
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8(0) ^ 0xff, 0);
  await file.write(byte, 0, 1, at);
}

/** Keeps the first `size` bytes. */
export async function truncateFile(path: string, size: number): Promise<void> {
  await truncate(path, size);
}

export async function appendBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  await appendFile(path, bytes);
}
