import type { Duplex } from 'node:stream';

type Written = (error?: Error | null) => void;

/** Makes a failed write known two turns of the event loop later. A server that refuses what is being sent answers and hangs up: Node would destroy the socket because of the write that
 *  fails then, with the answer still waiting in it to be read. */
export function withLateWriteErrors<S extends Duplex>(socket: S): S {
  const { _write, _writev } = socket;
  const late =
    (written: Written): Written =>
    (error) => {
      if (!error) return written(error);
      setImmediate(() => setImmediate(() => written(error)));
    };
  socket._write = (chunk, encoding, written) => _write.call(socket, chunk, encoding, late(written));
  if (_writev) socket._writev = (chunks, written) => _writev.call(socket, chunks, late(written));
  return socket;
}
