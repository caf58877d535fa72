import type { Bytes } from '@gapferry/core';

/** Bytes whose producer is only known after a question. Passes the producer's own iterator on, so that a chunk costs nothing more. */
export function lazyBytes(open: () => Promise<Bytes>): Bytes {
  return {
    [Symbol.asyncIterator]() {
      let opened: Promise<AsyncIterator<Uint8Array>> | undefined;
      let iterator: AsyncIterator<Uint8Array> | undefined;
      const start = async (): Promise<IteratorResult<Uint8Array>> => {
        opened ??= open().then((bytes) => bytes[Symbol.asyncIterator]());
        iterator = await opened;
        return iterator.next();
      };
      return {
        next: () => (iterator === undefined ? start() : iterator.next()),
        return: async () => (await iterator?.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
