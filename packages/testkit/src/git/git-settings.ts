/** What a crash of the machine would spoil, nobody here misses; and no process goes on in the background after the command. */
const QUICK: Readonly<Record<string, string>> = {
  'core.fsync': 'none',
  'gc.auto': '0',
  'maintenance.auto': 'false',
};

/** Settings for the git of the testkit, never for the product's, as variables of the environment. */
export function gitSettings(more: Readonly<Record<string, string>>): Record<string, string> {
  const settings = Object.entries({ ...QUICK, ...more });
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]);
}
