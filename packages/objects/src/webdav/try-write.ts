import { isGapferryError, type Run } from '@gapferry/core';
import { change, urlOf, type WebdavChange, type WebdavParts } from './ask-webdav.ts';
import type { WriteTrial } from './webdav-server.ts';

/** Moves, or removes where the server cannot move, what is not there: who may not is refused before anybody looks for it, everybody else is told that there is none. Changes nothing. */
export async function tryWrite(
  parts: WebdavParts,
  incoming: string,
  canMove: boolean,
  run: Run,
): Promise<WriteTrial> {
  const at = { path: `${incoming}/nothing`, item: 'writing on trial' };
  const moving = { Destination: urlOf(parts, { path: `${incoming}/nowhere` }), Overwrite: 'F' };
  const question: WebdavChange = {
    ...(canMove ? { method: 'MOVE', headers: moving } : { method: 'DELETE' }),
    accept: [400, 404, 405, 409, 412, 501],
  };
  try {
    const { status } = await change(parts, at, question, run);
    return status === 404 || status === 409 ? { kind: 'allowed' } : { kind: 'unclear', status };
  } catch (error) {
    if (!isGapferryError(error, 'UNAUTHORIZED') && !isGapferryError(error, 'FORBIDDEN')) throw error;
    return { kind: 'refused', said: error.message };
  }
}
