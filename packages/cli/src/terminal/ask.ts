import { GapferryError } from '@gapferry/core';

function interrupted(): GapferryError {
  return new GapferryError({
    code: 'INTERRUPTED',
    message: 'stopped at a question',
    hint: 'nothing was changed; run the command again',
  });
}

/** Questions, on a terminal only. Each throws `INTERRUPTED` when the operator stops. Prompts are drawn on stderr: stdout belongs to the result. */
export async function askPassphrase(message: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer)) throw interrupted();
  return answer;
}

export async function askText(
  message: string,
  initial: string,
  validate?: (value: string) => string | undefined,
): Promise<string> {
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({
    message,
    initialValue: initial,
    output: process.stderr,
    validate: (value) => validate?.(value ?? ''),
  });
  if (isCancel(answer)) throw interrupted();
  return answer;
}

export async function askYesNo(message: string): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message, initialValue: false, output: process.stderr });
  if (isCancel(answer)) throw interrupted();
  return answer;
}
