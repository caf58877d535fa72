import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gapferryJson, type Machine } from './command-line.ts';

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
  const shown = await gapferryJson(inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { words } = shown['fingerprint'] as { words: string };
  await gapferryJson(inside, ['trust', 'pin', '--site', file, '--fingerprint', words]);
  return {
    ...inside,
    plan: (depot) => ['plan', depot, '--site', file],
    load: (depot) => ['import', depot, '--site', file, '--yes'],
  };
}
