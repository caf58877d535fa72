import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** How far an answer got. */
export interface Sent {
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
  /** Why the connection was cut in the middle of the body. */
  readonly broken?: unknown;
}

const ALWAYS = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const;

/** Sends an answer with constant memory. A body that fails after its head is out ends in a cut connection, so that no client takes it for whole.
 *  Throws what the body throws before its first chunk: then nothing was sent and another answer can be given. */
export async function sendAnswer(response: ServerResponse, answer: Answer, isHead: boolean): Promise<Sent> {
  const { status, body } = answer;
  if (body === undefined || body instanceof Uint8Array || isHead)
    return await sendSmall(response, answer, isHead);
  const chunks = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  response.writeHead(status, {
    ...ALWAYS,
    ...answer.headers,
    ...(answer.length !== undefined && { 'Content-Length': answer.length }),
  });
  const progress = { bytes: 0 };
  try {
    await sendChunks(response, first, chunks, progress);
    await end(response);
    return { status, bytes: progress.bytes };
  } catch (broken) {
    response.destroy();
    await chunks.return?.().catch(() => {});
    return { status, bytes: progress.bytes, broken };
  }
}

async function sendSmall(response: ServerResponse, answer: Answer, isHead: boolean): Promise<Sent> {
  const bytes = answer.body instanceof Uint8Array ? answer.body : undefined;
  const length = answer.length ?? bytes?.byteLength;
  const hasLength = length !== undefined && answer.status !== 304;
  response.writeHead(answer.status, {
    ...ALWAYS,
    ...answer.headers,
    ...(hasLength && { 'Content-Length': length }),
  });
  await end(response, isHead ? undefined : bytes);
  return { status: answer.status, bytes: isHead ? 0 : (bytes?.byteLength ?? 0) };
}

async function sendChunks(
  response: ServerResponse,
  first: IteratorResult<Uint8Array>,
  chunks: AsyncIterator<Uint8Array>,
  progress: { bytes: number },
): Promise<void> {
  for (let next = first; next.done !== true; next = await chunks.next()) {
    await write(response, next.value);
    progress.bytes += next.value.byteLength;
  }
}

/** Waits until the chunk has left: its producer may reuse it, and a slow client must not fill the memory. */
function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return settled(response, (done) => response.write(chunk, done));
}

function end(response: ServerResponse, bytes?: Uint8Array): Promise<void> {
  return settled(response, (done) => response.end(bytes, () => done()));
}

/** A callback of a response whose connection is gone may never come. */
function settled(
  response: ServerResponse,
  act: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the client went away'));
    if (response.destroyed) return onClose();
    response.once('close', onClose);
    act((error) => {
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
