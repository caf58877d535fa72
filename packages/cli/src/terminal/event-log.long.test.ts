import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const COUNT = 5000;

it('writes every event to a pipe that is read late', async () => {
  const module = new URL('event-log.ts', import.meta.url).href;
  // Looking at stderr makes its pipe one that does not wait.
  const script = `
    process.stderr.write('');
    const { openEventLog } = await import(${JSON.stringify(module)});
    const log = openEventLog('-');
    for (let n = 0; n < ${COUNT}; n += 1) log.tell({ kind: 'bytes', item: 'file ' + n, bytes: n });
    process.stdout.write('done');`;
  const child = spawn(
    process.execPath,
    ['--conditions=gapferry-source', '--input-type=module', '-e', script],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  // The pipe is full before anybody reads.
  const reading = once(child.stderr, 'readable').then(() => text(child.stderr));
  const [said] = await Promise.all([reading, once(child, 'close')]);
  const numbers = said
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { bytes: number }).bytes);
  expect(numbers).toEqual(Array.from({ length: COUNT }, (_, n) => n));
});
