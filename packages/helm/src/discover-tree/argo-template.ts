import { type Fields, field, isFields, isList, type Value } from './fields.ts';

/** Fills the placeholders of an ApplicationSet's template: `{{path.basename}}`, and with Go templates `{{ .path.basename }}` and `{{ index .path.segments 1 }}`.
 *  Without Go templates the parameters are `flattened`. What nobody knows, and what calls functions, stays as it stands. */
export function fillIn(value: Value, parameters: Fields, isGoTemplate: boolean): Value {
  if (typeof value === 'string') return fillText(value, parameters, isGoTemplate);
  if (isList(value)) return value.map((entry) => fillIn(entry, parameters, isGoTemplate));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      fillText(key, parameters, isGoTemplate),
      fillIn(entry, parameters, isGoTemplate),
    ]),
  );
}

function fillText(text: string, parameters: Fields, isGoTemplate: boolean): string {
  return text.replace(/\{\{-?([^{}]*?)-?\}\}/g, (written, inside: string) => {
    const found = isGoTemplate ? goValue(inside.trim(), parameters) : field(parameters, inside.trim());
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
      ? String(found)
      : written;
  });
}

function goValue(expression: string, parameters: Fields): Value | undefined {
  const [, list, index] = /^index\s+\.([\w.-]+)\s+(\d{1,6})$/.exec(expression) ?? [];
  if (list !== undefined) {
    const found = field(parameters, ...list.split('.'));
    return isList(found) ? found[Number(index)] : undefined;
  }
  return /^\.[\w.-]+$/.test(expression) ? field(parameters, ...expression.slice(1).split('.')) : undefined;
}

/** Without Go templates parameters are one level deep, `a.b` and `path[0]` among their names. */
export function flattened(value: Value, name = ''): Fields {
  if (isFields(value))
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, entry]) =>
        Object.entries(flattened(entry, name === '' ? key : `${name}.${key}`)),
      ),
    );
  if (isList(value))
    return Object.fromEntries(
      value.flatMap((entry, index) => Object.entries(flattened(entry, `${name}[${index}]`))),
    );
  return { [name]: value };
}
