import { open } from 'node:fs/promises';
import { unreadable } from '../environment.ts';

/** Reads a file that the operator named and somebody else may have made: never more than one byte beyond `most`, whatever stands there; whoever parses it refuses what is too long. Throws `USAGE` where it cannot be read. */
export async function readBounded(path: string, what: string, most: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of file.createReadStream({ end: most, autoClose: false })) {
      chunks.push(chunk as Uint8Array);
      size += (chunk as Uint8Array).byteLength;
    }
    return Buffer.concat(chunks, size);
  } catch (cause) {
    throw unreadable(path, what, cause);
  }
}
