import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Characters that go into one write. */
const BATCH = 1 << 16;

/** Writes line after line as fast as they are taken; memory constant. Ends early, and returns false, when whoever reads has seen enough (`| head`). The stream stays open. */
export async function writeLines(lines: Iterable<string>, to: Writable): Promise<boolean> {
  let batch = '';
  for (const line of lines) {
    batch += `${line}\n`;
    if (batch.length < BATCH) continue;
    if (!(await pour(batch, to))) return false;
    batch = '';
  }
  return batch === '' || (await pour(batch, to));
}

async function pour(text: string, to: Writable): Promise<boolean> {
  if (!to.writable) return false;
  if (to.write(text)) return true;
  const stop = new AbortController();
  const { signal } = stop;
  try {
    // Nobody says `drain` on a stream whose other end is gone.
    return await Promise.race([
      once(to, 'drain', { signal }).then(() => true),
      once(to, 'close', { signal }).then(() => false),
    ]);
  } catch {
    return false;
  } finally {
    stop.abort();
  }
}
