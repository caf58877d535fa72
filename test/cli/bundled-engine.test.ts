import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { makeChart } from '@gapferry/testkit';
import { expect, it } from 'vitest';

it('the bundled command line finds the rendering engine beside its threads', async () => {
  const program = pathToFileURL(process.env['GAPFERRY_TEST_PROGRAM'] ?? '');
  const path = fileURLToPath(new URL('../program/chunks/render-worker.js', program));
  const worker = new Worker(path, { execArgv: [], env: {}, workerData: { memoryMiB: 128 } });
  try {
    const { archive } = await makeChart({
      name: 'demo',
      version: '1.0.0',
      templates: { 'a.yaml': 'kind: Job\n' },
    });
    worker.postMessage(question({ release: 'r', namespace: 'n', mostOutput: 1000 }, archive));
    const [{ answer }] = (await once(worker, 'message')) as [{ answer: Uint8Array }];
    expect(Buffer.from(answer).toString()).toContain('# Source: demo/templates/a.yaml\nkind: Job\n');
  } finally {
    await worker.terminate();
  }
});

/** As packages/helm/engine/main.go reads it. */
function question(head: object, archive: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.byteLength);
  return Buffer.concat([length, text, archive]);
}
