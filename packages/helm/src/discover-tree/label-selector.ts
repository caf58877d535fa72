import { isFields, type Value } from './fields.ts';
import { refused } from './refusals.ts';

const SET = /^([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUAL = /^([^\s!=(),]+)\s*(==|=|!=)\s*([^\s!=(),]*)$/;
const EXISTS = /^(!?)\s*([^\s!=(),]+)$/;

/** Kubernetes' selectors in one line: `a=b,c!=d,e in (f,g),h,!i`. Throws `CONTENT_INVALID`. */
export function labelsMatch(selector: string, labels: Value | undefined, file: string): boolean {
  const given = isFields(labels) ? labels : {};
  return requirementsOf(selector).every((requirement) => {
    const set = SET.exec(requirement);
    const equal = EQUAL.exec(requirement);
    const exists = EXISTS.exec(requirement);
    const [, key = '', operator = '', wanted = ''] = set ?? equal ?? [];
    const has = (name: string): boolean => Object.hasOwn(given, name);
    const isOneOf = (values: readonly string[]): boolean => has(key) && values.includes(String(given[key]));
    if (set) return isOneOf(wanted.split(',').map((value) => value.trim())) === (operator === 'in');
    if (equal) return isOneOf([wanted]) === (operator !== '!=');
    if (exists) return has(exists[2] ?? '') === (exists[1] === '');
    throw refused(file, `"${selector.slice(0, 200)}" is not a selector`);
  });
}

function requirementsOf(selector: string): string[] {
  return selector
    .slice(0, 2_000)
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
