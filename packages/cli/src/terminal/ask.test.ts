import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { askYesNo } from './ask.ts';

/** A terminal on which these keys are pressed when the question stands there. */
function terminalWith(press: (input: PassThrough) => void): { input: PassThrough; output: PassThrough } {
  const [input, output] = [new PassThrough(), new PassThrough()];
  output.once('data', () => setImmediate(() => press(input)));
  return { input, output };
}

describe('a question', () => {
  it.each([
    ['y', true],
    ['n', false],
    ['\r', false],
  ])('is answered by %j', async (key, expected) => {
    const terminal = terminalWith((input) => input.write(key));
    expect(await askYesNo('Load this release?', terminal)).toBe(expected);
  });

  it.each<[string, (input: PassThrough) => void]>([
    ['Ctrl-C', (input) => input.write('\u0003')],
    ['Ctrl-D', (input) => input.write('\u0004')],
    ['the end of the input', (input) => input.end()],
    ['a terminal that is gone', (input) => input.destroy()],
  ])('is stopped by %s', async (_, press) => {
    const asked = askYesNo('Load this release?', terminalWith(press));
    await expect(asked).rejects.toMatchObject({ code: 'INTERRUPTED', message: 'stopped at a question' });
  });

  it('is stopped where the terminal was gone before', async () => {
    const terminal = { input: new PassThrough(), output: new PassThrough() };
    terminal.input.destroy();
    await expect(askYesNo('Load this release?', terminal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
