import type { Readable, Writable } from 'node:stream';
import { GapferryError } from '@gapferry/core';

/** Where questions are asked: on a terminal only. */
interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
}

interface Asking extends Terminal {
  readonly signal: AbortSignal;
}

/** Prompts are drawn on stderr: stdout belongs to the result. */
const processTerminal = (): Terminal => ({ input: process.stdin, output: process.stderr });

/** Questions. Each throws `INTERRUPTED` when the operator stops, or the input ends: by Ctrl-D, or because the terminal is gone. */
export async function askPassphrase(message: string): Promise<string> {
  const { password } = await import('@clack/prompts');
  return await answer<string>(processTerminal(), (asking) => password({ message, ...asking }));
}

export async function askText(
  message: string,
  initial: string,
  validate?: (value: string) => string | undefined,
): Promise<string> {
  const { text } = await import('@clack/prompts');
  return await answer<string>(processTerminal(), (asking) =>
    text({ message, initialValue: initial, validate: (value) => validate?.(value ?? ''), ...asking }),
  );
}

export async function askYesNo(message: string, terminal: Terminal = processTerminal()): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  return await answer<boolean>(terminal, (asking) => confirm({ message, initialValue: false, ...asking }));
}

/** The prompts wait for ever when nothing more can come, and node would end with a code of its own. */
async function answer<T extends string | boolean>(
  terminal: Terminal,
  ask: (asking: Asking) => Promise<T | symbol>,
): Promise<T> {
  const { input } = terminal;
  const ended = new AbortController();
  // An answer closes the prompt as well, which pauses the input: that one has been given by then.
  const end = (): void => void setImmediate(() => ended.abort());
  const events = ['end', 'close', 'pause'] as const;
  for (const event of events) input.on(event, end);
  if (input.readableEnded || input.destroyed) end();
  try {
    const given = await ask({ ...terminal, signal: ended.signal });
    if (typeof given === 'symbol') throw interrupted();
    return given;
  } finally {
    for (const event of events) input.off(event, end);
  }
}

function interrupted(): GapferryError {
  return new GapferryError({
    code: 'INTERRUPTED',
    message: 'stopped at a question',
    hint: 'nothing was changed; run the command again',
  });
}
