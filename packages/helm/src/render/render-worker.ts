import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { zstdDecompressSync } from 'node:zlib';
import { EngineCrash, startEngine } from './engine.ts';
import type { RenderReply, RenderSettings } from './render-protocol.ts';

/** In the package, and beside this file in the bundled command line. */
const PLACES = ['../../engine/engine.wasm.zst', './engine.wasm.zst'];
const MOST_PROGRAM = 64 * 1024 * 1024;

const port = parentPort;
const { memoryMiB } = workerData as RenderSettings;
const engine = startEngine(
  zstdDecompressSync(await readEngine(), { maxOutputLength: MOST_PROGRAM }),
  memoryMiB,
);

port?.on('message', (question: Uint8Array) => {
  const reply = replyTo(question);
  port.postMessage(reply, reply.kind === 'answer' ? [reply.answer.buffer] : []);
  engine.prepare();
});

function replyTo(question: Uint8Array): RenderReply {
  try {
    return { kind: 'answer', answer: engine.answer(question) };
  } catch (error) {
    if (!(error instanceof EngineCrash)) throw error;
    return { kind: 'crash', of: error.kind, message: error.message };
  }
}

async function readEngine(): Promise<Uint8Array> {
  for (const place of PLACES) {
    try {
      return await readFile(new URL(place, import.meta.url));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`there is no engine at ${PLACES.join(' or ')} from ${import.meta.url}`);
}
