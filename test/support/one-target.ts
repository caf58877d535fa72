import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './command-line.ts';
import { pinPolicy } from './pin-policy.ts';

/** An inside with a state of its own and one target. Imports without a question: `load(depot)`; a release of it: `load('depot#line-a/1')`. */
export interface OneTarget extends Machine {
  plan(depot: string): string[];
  load(depot: string): string[];
}

/** `id`: of the site file and its state. `target`: members of the target in site.yaml, the name with them. Pins the policy, as `inside` would do it. */
export async function withOneTarget(inside: Machine, id: string, target: string): Promise<OneTarget> {
  const file = `site/site-${id}.yaml`;
  const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
state: state-${id}
targets:
  - {${target}}
`;
  await writeFile(join(inside.directory, file), text);
  await pinPolicy(inside, file);
  return {
    ...inside,
    plan: (depot) => ['plan', depot, '--site', file],
    load: (depot) => ['import', depot, '--site', file, '--yes'],
  };
}
