import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMAND_NAMES, COMMANDS } from '@gapferry/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, openDesk } from './desk.ts';

const commands = fileURLToPath(new URL('../../packages/cli/src/commands', import.meta.url));
let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
}, 60_000);
afterAll(() => desk.close());

it('the table of commands names every command file, and no other', () => {
  const files = readdirSync(commands, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map(({ parentPath, name }) => relative(commands, join(parentPath, name)));
  const words = files.map((file) => file.replace(/\.ts$/, '').replaceAll('/', ' '));
  expect([...COMMAND_NAMES].sort()).toEqual(words.sort());
});

describe.concurrent('the help of', { timeout: 60_000 }, () => {
  for (const [name, { summary }] of Object.entries(COMMANDS))
    it(`${name} has one summary line, few flags and an example`, async () => {
      const { code, stdout, stderr } = await desk.type(`gapferry ${name} --help`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const [first, second] = stdout.split('\n');
      expect([first, second]).toEqual([summary, '']);
      expect(stdout).toContain(`$ gapferry ${name}`);
      expect(/\nEXAMPLES\n +\$ gapferry /.test(stdout)).toBe(true);
      const flags = /\nFLAGS\n([\s\S]*?)\n\n/.exec(stdout)?.[1] ?? '';
      expect(flags.match(/^ {2,6}(?:-\w, )?--/gm)?.length ?? 0).toBeLessThanOrEqual(10);
    });

  it('gapferry itself shows every command with its summary', async () => {
    const { stdout } = await desk.type('gapferry --help');
    for (const [name, { summary }] of Object.entries(COMMANDS)) {
      expect(stdout).toContain(`  ${name} `);
      expect(stdout).toContain(summary);
    }
  });
});
