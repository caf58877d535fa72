import type { Poured, PourFile, Run } from '@gapferry/core';
import { type BodyPart, UNKNOWN_BODY } from './body-part.ts';
import type { Exchange } from './exchange.ts';
import type { BodyRequest } from './http-client.ts';
import { FileFailure, type PourPool, type PourSession } from './pour-pool.ts';
import { isWhole, learn, leave, openAt, STEP } from './resumed-body.ts';
import type { Tries } from './tries.ts';
import type { Trip } from './trip.ts';

/** From this many bytes on a body is worth a connection of its own, and its way around this thread. */
const LARGE = 1 << 20;

/** Like `resumedBody`, into a file, in another thread. Undefined when something about the body is unusual: the file then has what came before, without gaps. */
export async function pouredBody(
  exchange: Exchange,
  pool: PourPool,
  request: BodyRequest,
  into: PourFile,
  tries: Tries,
  run: Run,
): Promise<Poured | undefined> {
  const { size } = request;
  if (size === undefined || size < LARGE) return undefined;
  const session = await pool.open(into).catch(rethrow);
  let whole = false;
  try {
    whole = await pourAll(exchange, session, { ...request, size }, tries, run);
  } catch (error) {
    await session.close();
    return rethrow(error);
  }
  const digest = await session.close();
  return whole && digest !== undefined ? { digest, size: session.size } : undefined;
}

async function pourAll(
  exchange: Exchange,
  session: PourSession,
  request: BodyRequest & { readonly size: number },
  tries: Tries,
  run: Run,
): Promise<boolean> {
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item: request.item, bytes });
  let identity = UNKNOWN_BODY;
  while (session.size < request.size) {
    const before = session.size;
    try {
      const { trip, part } = await openAt(exchange, { ...request, session }, before, identity, run);
      identity = learn(identity, part);
      if (trip.pour === undefined || !isExact(trip, part, before, request.size)) {
        await leave(trip);
        return false;
      }
      await trip.pour(part.skip, told);
      if (isWhole(trip, part, request, identity, session.size)) return true;
    } catch (error) {
      if (error instanceof FileFailure) throw error;
      if (session.size - before >= STEP) tries.progressed();
      await tries.failed(error, run);
    }
  }
  return true;
}

/** The worker takes as many bytes as the head announces: they must be those of the range, and end within the body. */
function isExact({ headers }: Trip, { skip, end = 0 }: BodyPart, at: number, size: number): boolean {
  return end <= size && Number(headers.get('content-length')) === end - at + skip;
}

function rethrow(error: unknown): never {
  throw error instanceof FileFailure ? error.cause : error;
}
