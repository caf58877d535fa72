import type { FoundValues } from '@gapferry/core';

/** Of `--set` an integer, which a template writes as it is; in values a float: 20240101 would be written as 2.0240101e+07. */
const LONG = /^-?[1-9]\d{6,}$/;

/** What `--set name=value` (as `text`: `--set-string`) sets, as values: names with dots and plain values. Undefined for lists, escapes and several values in one. */
export function parameterValues({
  name,
  value,
  text,
}: Extract<FoundValues, { readonly from: 'parameter' }>): string | undefined {
  if (!/^[\w-]+(?:\.[\w-]+){0,50}$/.test(name) || /[,{}\\]/.test(value) || (!text && LONG.test(value)))
    return undefined;
  // What Helm takes for a number, a truth value or nothing.
  const isTyped = !text && /^(?:true|false|null|0|-?[1-9]\d{0,5})$/.test(value);
  const parts = name.split('.').map((part) => `{${JSON.stringify(part)}:`);
  return `${parts.join('')}${isTyped ? value : JSON.stringify(value)}${'}'.repeat(parts.length)}`;
}
