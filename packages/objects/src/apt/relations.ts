import { compareVersions } from './compare-versions.ts';

/** One package of a dependency, perhaps in some versions only. */
export interface Relation {
  readonly name: string;
  readonly version?: { readonly operator: Operator; readonly than: string };
}

type Operator = '<<' | '<=' | '=' | '>=' | '>>';

const FITS: Readonly<Record<Operator, (difference: number) => boolean>> = {
  '<<': (difference) => difference < 0,
  '<=': (difference) => difference <= 0,
  '=': (difference) => difference === 0,
  '>=': (difference) => difference >= 0,
  '>>': (difference) => difference > 0,
};

const RELATION =
  /^([A-Za-z0-9][A-Za-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s()]+)\s*\))?$/;

/** Alternatives, of which one is enough. */
export interface RelationGroup {
  /** As it is written. */
  readonly text: string;
  readonly relations: readonly Relation[];
}

/** Reads a field as Depends and Provides are (Debian Policy, section 7.1). An alternative that cannot be read is left out: nothing meets it. */
export function parseRelations(field: string): RelationGroup[] {
  const groups = field.split(',').map((group) => group.replace(/\s+/g, ' ').trim());
  return groups
    .filter((text) => text !== '')
    .map((text) => ({ text, relations: text.split('|').flatMap(parseRelation) }));
}

/** One alternative; empty where it cannot be read. */
export function parseRelation(text: string): Relation[] {
  const [, name, operator, than] = RELATION.exec(text.trim()) ?? [];
  if (name === undefined) return [];
  if (operator === undefined || than === undefined) return [{ name }];
  return [{ name, version: { operator: OLD_OPERATORS[operator] ?? (operator as Operator), than } }];
}

/** What `<` and `>` mean where they still stand. */
const OLD_OPERATORS: Readonly<Record<string, Operator>> = { '<': '<=', '>': '>=' };

export function fitsVersion({ version }: Relation, found: string): boolean {
  return version === undefined || FITS[version.operator](compareVersions(found, version.than));
}
