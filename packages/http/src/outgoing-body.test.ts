import type { Bytes } from '@gapferry/core';
import { expect, it } from 'vitest';
import { createOutgoingBody } from './outgoing-body.ts';
import type { SilenceWatch } from './silence.ts';

const quiet = { waiting: () => {}, busy: () => {}, asked: () => {} } as unknown as SilenceWatch;

it('nothing is taken from the source after an answer, and it is closed when that was read', async () => {
  let [given, closed] = [0, false];
  const open = async function* (): Bytes {
    try {
      for (; given < 100; given++) yield new Uint8Array(256 << 10);
    } finally {
      closed = true;
    }
  };
  const told: number[] = [];
  const body = createOutgoingBody(
    { size: 100 * (256 << 10), open },
    {
      purpose: { item: 'blob', url: new URL('http://a.test/') },
      watch: quiet,
      told: (at) => void told.push(at),
    },
  );
  const pieces: AsyncIterator<Buffer> = body.stream[Symbol.asyncIterator]();
  await pieces.next();
  body.hold();
  // What was on its way when the answer came still comes.
  const more = (async () => {
    for (let next = await pieces.next(); !next.done; next = await pieces.next());
  })();
  const ended = expect(more).rejects.toThrow('the answer came first');
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([given < 10, closed]).toEqual([true, false]);
  await body.leave();
  await ended;
  expect([given < 10, closed, body.failure]).toEqual([true, true, undefined]);
});
