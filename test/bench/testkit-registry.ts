// Serves a workload from a process of its own: reads it as one line of JSON, prints host:port, and stays until its input ends.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startRegistry } from '@gapferry/testkit';
import { TAG, type Workload } from './workload.ts';

const input = createInterface(process.stdin);
const [line] = (await once(input, 'line')) as [string];
const workload = JSON.parse(line) as Workload;
await using registry = await startRegistry({ blobsFrom: workload.blobs });
for (const { repository, root } of workload.images) await registry.seedFromDirectory(repository, TAG, root);
process.stdout.write(`${registry.host}\n`);
await once(input, 'close');
