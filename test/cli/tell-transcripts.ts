import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Desk, openDesk } from './desk.ts';
import { masked, matches, parseTranscript } from './transcript.ts';

/** A line every five seconds of how far a command has come and how fast: on a busy machine there are some. */
const HOW_FAR = /^ {2}[a-z ]+: .*\d [kMG]?B\/s.*\n/gm;

/** What an operator types and reads, told as it looks on the screen. Each file of the directory is one sitting. */
export function tellTranscripts(directory: URL): void {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.txt')))
    describe(file, { timeout: 60_000 }, () => {
      let desk: Desk;
      beforeAll(async () => {
        desk = await openDesk();
      }, 60_000);
      afterAll(() => desk.close());

      for (const step of parseTranscript(readFileSync(new URL(file, directory), 'utf8')))
        it(`line ${step.line}: ${step.command.split('\n')[0]}`, async () => {
          const { code, stdout, stderr } = await desk.type(step.command);
          const actual = `${stdout}${stderr.replace(HOW_FAR, '')}`.trimEnd();
          if (!matches(step.output, actual)) expect(masked(step.output, actual)).toBe(step.output);
          expect(code, actual).toBe(step.exitCode);
        });
    });
}
