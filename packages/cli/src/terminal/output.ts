import { printable } from '@gapferry/core';

/** Where a command writes: results to `out`, talk to `err`. Passed in, so that tests can read it. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Is stderr a terminal that may be drawn on? */
  readonly interactive: boolean;
  readonly color: boolean;
}

/** The process's own streams. `NO_COLOR` (no-color.org) and `TERM=dumb` are obeyed. */
export function processOutput(env: NodeJS.ProcessEnv): Output {
  const plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    interactive: process.stderr.isTTY === true && env['TERM'] !== 'dumb',
    color: process.stderr.isTTY === true && !plain,
  };
}

/** Talk that nobody hears, and a result whose reader has seen enough (`| head`), stop no work. `onLost` is told once when the result could not be written for another reason. */
export function bearClosedStreams(onLost: (reason: NodeJS.ErrnoException) => void): void {
  // oclif listens too, and throws what it does not know.
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners('error').on('error', () => {});
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') onLost(error);
  });
}

/** Text from outside, made safe line by line. */
export function safeLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
