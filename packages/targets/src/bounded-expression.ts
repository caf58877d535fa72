import { createContext, Script } from 'node:vm';

/** For one text. An honest expression needs less than a tenth of a millisecond. */
const MOST_MS = 100;

const CHECK = new Script('check()');

/** Tests texts by an expression that a host told: one that would run for ever (repetitions in repetitions, many stars) is stopped, and `instead` is the answer for this text and all others. Throws `SyntaxError` for what is none. */
export function boundedExpression(
  source: string,
  flags: string,
  instead: boolean,
): (text: string) => boolean {
  const expression = new RegExp(source, flags);
  // One repetition is tried in few ways.
  if ((source.match(/[*+{]/g) ?? []).length < 2) return (text) => expression.test(text);
  const asked = { text: '' };
  const context = createContext({ check: () => expression.test(asked.text) });
  let isStopped = false;
  return (text) => {
    if (isStopped) return instead;
    asked.text = text;
    try {
      return CHECK.runInContext(context, { timeout: MOST_MS }) as boolean;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      isStopped = true;
      return instead;
    }
  };
}
