import { flattened } from './argo-template.ts';
import {
  type Fields,
  field,
  fieldsAt,
  isFields,
  isList,
  listAt,
  textAt,
  textsAt,
  type Value,
} from './fields.ts';
import { directoryOf, nameOf } from './file-tree.ts';
import { globOf } from './glob.ts';
import type { Surroundings } from './located-object.ts';
import { readValues } from './read-objects.ts';
import { tooMuch } from './refusals.ts';
import { isThisTree } from './tree-identity.ts';

export type Parameters = Fields;

/** What one generator of an ApplicationSet makes. */
export interface Generated {
  readonly parameters: readonly Parameters[];
  /** Why there may be more. */
  readonly open: ReadonlyArray<{ readonly path: string; readonly message: string }>;
  /** The generator's own template. */
  readonly template?: Fields;
}

interface Context {
  readonly surroundings: Surroundings;
  /** That the ApplicationSet stands in. */
  readonly file: string;
  readonly isGoTemplate: boolean;
}

const MOST_APPLICATIONS = 10_000;
const MOST_CHILDREN = 100;
const DEEPEST = 3;

/** The parameters that a generator makes without asking anybody. Throws `LIMIT_EXCEEDED` for more than 10,000. */
export function generatedParameters(generator: Value, path: string, context: Context, depth = 0): Generated {
  const [kind] = ['list', 'git', 'matrix', 'merge'].filter((name) => field(generator, name) !== undefined);
  if (kind === undefined || depth > DEEPEST) return notStatic(generator, path);
  if (field(generator, 'selector') !== undefined)
    return { parameters: [], open: [{ path: `${path}.selector`, message: 'its selector is not applied' }] };
  const inside = fieldsAt(generator, kind);
  const made = GENERATORS[kind]?.(inside, `${path}.${kind}`, context, depth) ?? notStatic(generator, path);
  if (made.parameters.length > MOST_APPLICATIONS)
    throw tooMuch(context.file, `${path}: a generator makes more than ${MOST_APPLICATIONS} Applications`);
  context.surroundings.reading.count(made.parameters.length, context.file);
  const template = field(inside, 'template');
  return { ...made, ...(isFields(template) && { template }) };
}

type Generator = (inside: Fields, path: string, context: Context, depth: number) => Generated;

const GENERATORS: Readonly<Record<string, Generator>> = { list, git, matrix, merge };

function notStatic(generator: Value, path: string): Generated {
  const [name = 'unknown'] = isFields(generator)
    ? Object.keys(generator).filter((key) => key !== 'selector')
    : [];
  return {
    parameters: [],
    open: [
      { path, message: `its generator "${name}" is not static: only a running Argo CD knows what it makes` },
    ],
  };
}

function list(inside: Fields, path: string): Generated {
  const written = textAt(inside, 'elementsYaml');
  const more =
    written === undefined || written.includes('{{')
      ? []
      : readValues(new TextEncoder().encode(written), path);
  const elements = [
    ...listAt(inside, 'elements'),
    ...more.flatMap((value) => (isList(value) ? [...value] : [])),
  ];
  const open = written?.includes('{{')
    ? [{ path: `${path}.elementsYaml`, message: 'its elementsYaml has placeholders' }]
    : [];
  return { parameters: elements.filter(isFields), open };
}

function git(inside: Fields, path: string, { surroundings, isGoTemplate }: Context): Generated {
  const url = textAt(inside, 'repoURL') ?? '';
  if (!isThisTree(surroundings.identity, url, textAt(inside, 'revision')))
    return {
      parameters: [],
      open: [{ path, message: `its generator "git" looks into ${url}, which is not this tree` }],
    };
  const values = fieldsAt(inside, 'values');
  const { files, reading } = surroundings;
  const directories = listAt(inside, 'directories');
  reading.count(files.length * (directories.length + listAt(inside, 'files').length + 1), path);
  const found =
    directories.length > 0
      ? chosen(directoriesOf(files), directories).map((directory) => ({
          ...pathParameters(directory, isGoTemplate),
        }))
      : chosen(files, listAt(inside, 'files')).flatMap((file) =>
          fileParameters(surroundings, file, isGoTemplate),
        );
  const prefix = textAt(inside, 'pathParamPrefix');
  const parameters = found.map((given) => ({
    ...(prefix === undefined ? given : { [prefix]: given }),
    ...(Object.keys(values).length > 0 && { values }),
  }));
  return { parameters, open: [] };
}

function directoriesOf(files: readonly string[]): string[] {
  const all = new Set<string>();
  for (const file of files)
    for (let parent = directoryOf(file); parent !== '' && !all.has(parent); parent = directoryOf(parent))
      all.add(parent);
  return [...all].filter((path) => !path.split('/').some((part) => part.startsWith('.'))).sort();
}

/** Paths that one entry matches and no entry with `exclude` does. */
function chosen(paths: readonly string[], entries: readonly Value[]): string[] {
  const globs = (isExcluded: boolean): Array<(path: string) => boolean> =>
    entries
      .filter((entry) => (field(entry, 'exclude') === true) === isExcluded)
      .map((entry) => globOf(textAt(entry, 'path') ?? ''));
  const [taken, left] = [globs(false), globs(true)];
  return paths.filter((path) => taken.some((glob) => glob(path)) && !left.some((glob) => glob(path)));
}

function pathParameters(path: string, isGoTemplate: boolean): Fields {
  const segments = path.split('/');
  const basename = nameOf(path);
  const basenameNormalized = basename.replace(/[^A-Za-z0-9.-]/g, '-').toLowerCase();
  if (isGoTemplate) return { path: { path, basename, basenameNormalized, segments } };
  const numbered = Object.fromEntries(segments.map((segment, index) => [`path[${index}]`, segment]));
  return { path, 'path.basename': basename, 'path.basenameNormalized': basenameNormalized, ...numbered };
}

/** A file holds one set of parameters or a list of them. */
function fileParameters({ reading }: Surroundings, file: string, isGoTemplate: boolean): Fields[] {
  const values = readValues(reading.read(file) ?? new Uint8Array(), file).flatMap((value) =>
    isList(value) ? [...value] : [value],
  );
  const place = pathParameters(directoryOf(file), isGoTemplate);
  return values.filter(isFields).map((value) => ({ ...(isGoTemplate ? value : flattened(value)), ...place }));
}

function matrix(inside: Fields, path: string, context: Context, depth: number): Generated {
  const [first, second] = children(inside, path, context, depth);
  if (first === undefined || second === undefined)
    return { parameters: [], open: [{ path, message: 'a matrix has two generators' }] };
  if (first.parameters.length * second.parameters.length > MOST_APPLICATIONS)
    throw tooMuch(context.file, `${path}: a generator makes more than ${MOST_APPLICATIONS} Applications`);
  const parameters = first.parameters.flatMap((one) =>
    second.parameters.map((other) => ({ ...one, ...other })),
  );
  return { parameters, open: [...first.open, ...second.open] };
}

/** The first generator's parameters; the others change those that agree in all `mergeKeys`. */
function merge(inside: Fields, path: string, context: Context, depth: number): Generated {
  const all = children(inside, path, context, depth);
  const [base, ...others] = all;
  const keys = textsAt(inside, 'mergeKeys');
  const keyOf = (parameters: Parameters): string =>
    JSON.stringify(keys.map((key) => field(parameters, key) ?? field(parameters, ...key.split('.')) ?? null));
  const changes = new Map<string, Parameters>();
  for (const { parameters } of others)
    for (const one of parameters) changes.set(keyOf(one), { ...changes.get(keyOf(one)), ...one });
  return {
    parameters: (base?.parameters ?? []).map((one) => ({ ...one, ...changes.get(keyOf(one)) })),
    open: all.flatMap(({ open }) => open),
  };
}

function children(inside: Fields, path: string, context: Context, depth: number): Generated[] {
  const inner = listAt(inside, 'generators');
  if (inner.length > MOST_CHILDREN)
    throw tooMuch(context.file, `${path}: a generator is made of more than ${MOST_CHILDREN}`);
  return inner.map((generator, index) =>
    generatedParameters(generator, `${path}.generators[${index}]`, context, depth + 1),
  );
}
