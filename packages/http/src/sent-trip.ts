import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Bytes, checkRun, type Run } from '@gapferry/core';
import { exactPieces } from './exact-pieces.ts';
import { type SilenceWatch, watchSilence } from './silence.ts';
import type { Trip, TripBody, TripInit } from './trip.ts';

/** A trip with a body of ours, with Node's own client: each piece goes from the source's memory to the socket, and the next one is asked for when it is gone, so that nothing is copied.
 *  An answer that comes before the end counts, and the rest is not sent. */
export async function startSentTrip(
  url: URL,
  init: TripInit & { readonly body: TripBody },
  run: Run,
): Promise<Trip> {
  const watch = watchSilence({ item: init.item, url, method: init.method }, init.patience, run);
  const request = openRequest(url, init, watch.signal);
  const exchange = converse(request, url, init, watch);
  const end = async (): Promise<void> => {
    watch.stop();
    if (!request.writableFinished) request.destroy();
    await exchange.sent;
    init.release();
  };
  try {
    const answer = await exchange.answer;
    watch.busy();
    const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
    return { url, status: answer.statusCode ?? 0, headers, bytes: readAnswer(answer, watch, end) };
  } catch (error) {
    request.destroy();
    await end();
    checkRun(run);
    throw exchange.failure() ?? watch.failure(error);
  }
}

function openRequest(
  url: URL,
  { method, headers, agent, body }: TripInit & { readonly body: TripBody },
  signal: AbortSignal,
): ClientRequest {
  const options = { method, headers: { ...headers, 'Content-Length': String(body.size) }, agent, signal };
  return url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
}

interface Conversation {
  readonly answer: Promise<IncomingMessage>;
  /** Resolves, and never rejects, when nothing more is sent and the source is closed. */
  readonly sent: Promise<void>;
  /** What went wrong on our side: the source of the body, or its size. */
  failure(): unknown;
}

function converse(
  request: ClientRequest,
  url: URL,
  { item, body }: TripInit & { readonly body: TripBody },
  watch: SilenceWatch,
): Conversation {
  let failure: unknown;
  let answered = false;
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('error', reject).once('response', (message) => {
      answered = body.pastAnswer !== true || (message.statusCode ?? 0) >= 300;
      resolve(message);
    });
  });
  const closed = new Promise<void>((resolve) => void request.once('close', resolve));
  const send = async (): Promise<void> => {
    let at = 0;
    for await (const piece of exactPieces(body, { item, url })) {
      if (answered || request.destroyed) return;
      watch.sending();
      await Promise.race([written(request, piece), closed]);
      at += piece.byteLength;
      body.told(at);
      watch.busy();
    }
    if (answered || request.destroyed) return;
    watch.asked();
    request.end();
  };
  const sent = send().catch((error: unknown) => {
    failure = error;
    request.destroy(new Error('the body cannot be read'));
  });
  return { answer, sent, failure: () => failure };
}

/** Resolves when the system has taken the piece, also when it could not: then the request ends with an error of its own. */
function written(request: ClientRequest, piece: Uint8Array): Promise<void> {
  return new Promise((resolve) => void request.write(piece, () => resolve()));
}

async function* readAnswer(answer: IncomingMessage, watch: SilenceWatch, end: () => Promise<void>): Bytes {
  try {
    watch.waiting();
    for await (const chunk of answer) {
      watch.busy();
      yield chunk as Buffer;
      watch.waiting((chunk as Buffer).byteLength);
    }
  } catch (error) {
    throw watch.failure(error);
  } finally {
    await end();
  }
}
