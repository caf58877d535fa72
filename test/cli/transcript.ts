/** One command of a transcript with what it prints. */
export interface Step {
  /** Line in the file, from 1. */
  readonly line: number;
  /** What the shell gets. */
  readonly command: string;
  /** stdout, then stderr: `[..]` stands for anything in a line, a line `...` for any lines. */
  readonly output: string;
  readonly exitCode: number;
}

/** Reads a transcript: `$ ` begins a command and `> ` continues it, what follows is its output, `? N` its exit code (0 where it is not said).
 *  `# ` at the beginning of a line is a remark. */
export function parseTranscript(text: string): Step[] {
  const steps: Step[] = [];
  let open: { line: number; command: string[]; output: string[]; exitCode: number } | undefined;
  const close = (): void => {
    if (open !== undefined)
      steps.push({ ...open, command: open.command.join('\n'), output: open.output.join('\n').trimEnd() });
    open = undefined;
  };
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('$ ')) {
      close();
      open = { line: index + 1, command: [line.slice(2)], output: [], exitCode: 0 };
    } else if (line.startsWith('# ')) close();
    else if (line.startsWith('> ') && open?.output.length === 0) open.command.push(line.slice(2));
    else if (/^\? \d+$/.test(line) && open !== undefined) open.exitCode = Number(line.slice(2));
    else open?.output.push(line);
  }
  close();
  return steps;
}

/** Does the output fit what the transcript expects? */
export function matches(expected: string, actual: string): boolean {
  const lines = expected.split('\n').map((line) => (line === '...' ? '(?:.*\n)*?' : `${pattern(line)}\n`));
  return new RegExp(`^${lines.join('')}$`).test(`${actual}\n`);
}

/** The actual output with every line that fits an expected one written as expected, so that a difference shows only where there is one. */
export function masked(expected: string, actual: string): string {
  const known = expected.split('\n').filter((line) => line.includes('[..]'));
  return actual
    .split('\n')
    .map((line) => known.find((candidate) => new RegExp(`^${pattern(candidate)}$`).test(line)) ?? line)
    .join('\n');
}

function pattern(line: string): string {
  return line
    .split('[..]')
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*');
}
