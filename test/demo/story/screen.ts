/** Where the demo speaks. */
export interface Screen {
  /** A step begins. */
  heading(title: string): void;
  /** A command line as somebody would type it. */
  command(line: string): void;
  /** What a program said. */
  quote(lines: readonly string[]): void;
  /** What was checked and holds. */
  proved(text: string): void;
  /** The storyteller's own words. */
  say(text: string): void;
}

const STYLES = { bold: 1, dim: 2, green: 32, cyan: 36 } as const;

/** Colours only on a terminal, and not with NO_COLOR (no-color.org). */
export function createScreen(
  write: (text: string) => void,
  { isTerminal, env }: { readonly isTerminal: boolean; readonly env: NodeJS.ProcessEnv },
): Screen {
  const coloured = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  const paint = (style: keyof typeof STYLES, text: string): string =>
    coloured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  let step = 0;
  return {
    heading: (title) =>
      write(`${step === 0 ? '' : '\n'}${paint('bold', `${String(++step).padStart(2)}  ${title}`)}\n`),
    command: (line) => write(`    ${paint('cyan', `$ ${line}`)}\n`),
    quote: (lines) => lines.forEach((line) => void write(`      ${paint('dim', line)}\n`)),
    proved: (text) => write(`    ${paint('green', '✓')} ${text}\n`),
    say: (text) => write(`${text}\n`),
  };
}
