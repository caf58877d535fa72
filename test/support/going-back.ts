import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gapferryJson, type Machine, type Reported } from './command-line.ts';

/** People who may order that a site goes back, each with a key `site/keys/NAME.key`: the policy in `site/trust.yaml` gets a next version that wants them all. To be pinned after it. */
export async function allowGoingBack(
  { directory, environment }: Machine,
  people: readonly string[],
): Promise<void> {
  const machine = { directory, ...(environment !== undefined && { environment }) };
  for (const name of people)
    await gapferryJson(machine, ['keys', 'generate', `site/keys/${name}`, '--plain']);
  const file = join(directory, 'site/trust.yaml');
  const text = await readFile(file, 'utf8');
  const keys = people.map((name) => `  ${name}: {file: keys/${name}.pub, owner: ${name}}\n`);
  const rule = `    overrides:\n      - {role: approver, keys: [${people.join(', ')}], count: ${people.length}}\n`;
  const changed = text
    .replace(/^version: 1\b/m, 'version: 2')
    .replace(/^keys:\n/m, `keys:\n${keys.join('')}`)
    .replace(/^ {4}require:/m, `${rule}    require:`);
  await writeFile(file, changed);
}

/** A new order that one person signs: `file`, to go back to line-a/1 or another one. */
export function orderBack(
  machine: Machine,
  siteFile: string,
  {
    by,
    file,
    reason = 'it loses messages',
    until = '2099-12-31',
    to = 'line-a/1',
  }: { by: string; file: string; reason?: string; until?: string; to?: string },
): Promise<Reported> {
  const what = ['--to', to, '--reason', reason, '--not-after', until];
  const args = ['trust', 'override', '--site', siteFile, ...what, '--key', `site/keys/${by}.key`];
  return gapferryJson(machine, [...args, '-o', file]);
}
