import { type Fields, isFields, isList, textAt, type Value } from './fields.ts';
import { refused } from './refusals.ts';

/** Applies a JSON Patch (RFC 6902) to one object. Throws `CONTENT_INVALID` naming `file` where an operation has no place to go, or `test` fails. */
export function applyJsonPatch(object: Fields, operations: readonly Value[], file: string): Fields {
  const result = operations.reduce<Value>((value, operation) => applyOne(value, operation, file), object);
  if (!isFields(result)) throw refused(file, 'its JSON patch leaves no object');
  return result;
}

function applyOne(value: Value, operation: Value, file: string): Value {
  const kind = textAt(operation, 'op');
  const path = pointer(operation, 'path', file);
  const given =
    isFields(operation) && Object.hasOwn(operation, 'value') ? (operation['value'] as Value) : null;
  const failed = (why: string): never => {
    throw refused(file, `its JSON patch "${kind} ${path.map((part) => `/${part}`).join('')}" ${why}`);
  };
  switch (kind) {
    case 'add':
      return edit(value, path, { given, mayBeNew: true }, failed);
    case 'replace':
      return edit(value, path, { given, mayBeNew: false }, failed);
    case 'remove':
      return edit(value, path, 'remove', failed);
    case 'copy':
      return edit(
        value,
        path,
        { given: at(value, pointer(operation, 'from', file), failed), mayBeNew: true },
        failed,
      );
    case 'move': {
      const from = pointer(operation, 'from', file);
      return edit(
        edit(value, from, 'remove', failed),
        path,
        { given: at(value, from, failed), mayBeNew: true },
        failed,
      );
    }
    case 'test':
      if (JSON.stringify(at(value, path, failed)) !== JSON.stringify(given)) failed('does not hold');
      return value;
    default:
      return failed('is no operation');
  }
}

type Failed = (why: string) => never;
type Edit = { readonly given: Value; readonly mayBeNew: boolean } | 'remove';

function pointer(operation: Value, name: string, file: string): string[] {
  const text = isFields(operation) ? operation[name] : undefined;
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/')))
    throw refused(file, `an operation of its JSON patch has no "${name}"`);
  return text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function at(value: Value, path: readonly string[], failed: Failed): Value {
  return path.reduce<Value>((found, part) => {
    const next = isList(found) ? found[indexIn(found, part, failed)] : ownField(found, part);
    return next === undefined ? failed('has no such place') : next;
  }, value);
}

function ownField(value: Value, key: string): Value | undefined {
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function edit(value: Value, path: readonly string[], change: Edit, failed: Failed): Value {
  const [part, ...rest] = path;
  if (part === undefined) return change === 'remove' ? failed('has no such place') : change.given;
  if (isList(value)) return editList(value, part, rest, change, failed);
  if (!isFields(value)) return failed('has no such place');
  const before = ownField(value, part);
  if (rest.length === 0 && change === 'remove') {
    if (before === undefined) return failed('has no such place');
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== part));
  }
  if (before === undefined && (rest.length > 0 || change === 'remove' || !change.mayBeNew))
    return failed('has no such place');
  return {
    ...value,
    [part]:
      rest.length === 0 && change !== 'remove' ? change.given : edit(before as Value, rest, change, failed),
  };
}

function editList(
  list: readonly Value[],
  part: string,
  rest: readonly string[],
  change: Edit,
  failed: Failed,
): Value {
  if (rest.length === 0 && change !== 'remove' && change.mayBeNew) {
    const index = part === '-' ? list.length : indexIn([...list, null], part, failed);
    return list.toSpliced(index, 0, change.given);
  }
  const index = indexIn(list, part, failed);
  if (rest.length === 0 && change === 'remove') return list.toSpliced(index, 1);
  return list.with(index, edit(list[index] as Value, rest, change, failed));
}

/** Negative positions count from the end, as kustomize's library has it. */
function indexIn(list: readonly Value[], part: string, failed: Failed): number {
  const index = /^-?(?:0|[1-9][0-9]{0,8})$/.test(part) ? Number(part) : Number.NaN;
  const found = index < 0 ? list.length + index : index;
  return found >= 0 && found < list.length ? found : failed('has no such place');
}
