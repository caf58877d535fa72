import type { Bytes } from '@gapferry/core';

/** The lines of what git prints; ASCII, as ids and numbers are. Each batch is what one chunk brought to its end. */
export async function* streamLines(output: Bytes): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of output) {
    const lines = (
      rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    ).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
}
