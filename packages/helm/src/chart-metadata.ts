import { GapferryError } from '@gapferry/core';
import { isValidVersion } from './chart-version.ts';
import { goJson } from './go-json.ts';
import { type GoValue, isTree, parseGoYaml, textOf, untypedOf, type YamlTree } from './go-yaml.ts';

/** Chart.yaml as Helm understands it (helm.sh/helm/v3 `chart.Metadata`): known fields only, cleaned, and with Go's zero values. */
export interface ChartMetadata {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly home: string;
  readonly sources: readonly string[];
  readonly maintainers: ReadonlyArray<{
    readonly name: string;
    readonly email: string;
    readonly url: string;
  }>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly dependencies: readonly ChartRequirement[];
  /** The JSON that `helm push` stores as the artifact's config. */
  readonly json: string;
}

/** One of `dependencies` in Chart.yaml, as far as it says what is to be fetched. Text is empty where nothing stands. */
export interface ChartRequirement {
  readonly name: string;
  /** An exact version or a range. */
  readonly version: string;
  /** `https://…`, `oci://…`, `file://…`, `@name`. */
  readonly repository: string;
  /** Absent: its name. */
  readonly alias?: string;
}

/** Reads Chart.yaml, and requirements.yaml where a chart of apiVersion v1 has one. Throws `CONTENT_INVALID` for what Helm would refuse. */
export function parseChartMetadata(
  chartYaml: string,
  requirementsYaml: string | undefined,
  what: string,
): ChartMetadata {
  const tree = parseGoYaml(chartYaml, `Chart.yaml of ${what}`);
  if (!isTree(tree)) throw refused(what, 'it is not a mapping');
  const extra =
    requirementsYaml === undefined ? null : parseGoYaml(requirementsYaml, `requirements.yaml of ${what}`);
  const read = reader({ ...tree, ...(isTree(extra) ? extra : {}) }, what);
  const named = {
    name: clean(read.text('name')),
    version: read.text('version'),
    apiVersion: read.text('apiVersion') || 'v1',
    type: read.text('type'),
  };
  requireUsable(named, what);
  const metadata = {
    ...named,
    description: clean(read.text('description')),
    home: clean(read.text('home')),
    sources: read.texts('sources').map(clean),
    maintainers: read.trees('maintainers').map((maintainer) => ({
      name: clean(maintainer.text('name')),
      email: clean(maintainer.text('email')),
      url: clean(maintainer.text('url')),
    })),
    annotations: read.map('annotations'),
    dependencies: read.trees('dependencies').map(requirementOf),
  };
  return { ...metadata, json: goJson(inFieldOrder(metadata, read)) };
}

/** The fields of Go's struct in its order; what is empty is left out. */
function inFieldOrder(
  metadata: Omit<ChartMetadata, 'json'> & { apiVersion: string; type: string },
  read: Reader,
): GoValue {
  return withoutEmpty({
    name: metadata.name,
    home: metadata.home,
    sources: metadata.sources,
    version: metadata.version,
    description: metadata.description,
    keywords: read.texts('keywords').map(clean),
    maintainers: metadata.maintainers.map((maintainer) => withoutEmpty({ ...maintainer })),
    icon: clean(read.text('icon')),
    apiVersion: metadata.apiVersion,
    condition: clean(read.text('condition')),
    tags: clean(read.text('tags')),
    appVersion: clean(read.text('appVersion')),
    deprecated: read.truth('deprecated'),
    annotations: metadata.annotations,
    kubeVersion: clean(read.text('kubeVersion')),
    dependencies: read.trees('dependencies').map(dependencyOf),
    type: metadata.type,
  });
}

function requirementOf(read: Reader): ChartRequirement {
  const [name, version, repository, alias] = ['name', 'version', 'repository', 'alias'].map((field) =>
    clean(read.text(field)),
  );
  return { name: name ?? '', version: version ?? '', repository: repository ?? '', ...(alias && { alias }) };
}

/** Reads Chart.lock (requirements.lock of apiVersion v1): which exact versions the requirements were resolved to. Throws `CONTENT_INVALID`. */
export function parseChartLock(text: string, what: string): readonly ChartRequirement[] {
  const tree = parseGoYaml(text, `Chart.lock of ${what}`);
  return isTree(tree) ? reader(tree, what).trees('dependencies').map(requirementOf) : [];
}

function dependencyOf(read: Reader): GoValue {
  const optional = {
    version: clean(read.text('version')),
    repository: clean(read.text('repository')),
    condition: clean(read.text('condition')),
    tags: read.texts('tags').map(clean),
    enabled: read.truth('enabled'),
    'import-values': read.values('import-values'),
    alias: read.text('alias'),
  };
  const { version, repository, ...rest } = optional;
  return { name: clean(read.text('name')), ...withoutEmpty({ version }), repository, ...withoutEmpty(rest) };
}

function requireUsable(
  { name, version, type }: { name: string; version: string; type: string },
  what: string,
): void {
  if (name === '' || name === '.' || name === '..' || /[/\\]/.test(name))
    throw refused(what, `"${name.slice(0, 100)}" is not a chart name`);
  if (!isValidVersion(version)) throw refused(what, `"${version.slice(0, 100)}" is not a version`);
  if (!['', 'application', 'library'].includes(type))
    throw refused(what, `"${type.slice(0, 100)}" is not a chart type`);
}

/** Reads typed fields of one mapping; a field of another type is an error, as in Go. */
interface Reader {
  text(field: string): string;
  truth(field: string): boolean;
  texts(field: string): readonly string[];
  values(field: string): readonly GoValue[];
  trees(field: string): readonly Reader[];
  map(field: string): ReadonlyMap<string, string>;
}

function reader(tree: { readonly [key: string]: YamlTree }, what: string): Reader {
  const get = (field: string): YamlTree | undefined => fieldOf(tree, field);
  const asText = (value: YamlTree | undefined, field: string): string => {
    const text = textOf(value);
    if (text === false) throw refused(what, `"${field}" is not text`);
    return text ?? '';
  };
  const list = (field: string): readonly YamlTree[] => {
    const value = get(field);
    if (Array.isArray(value)) return value;
    if (value === undefined || valueIsNull(value)) return [];
    throw refused(what, `"${field}" is not a list`);
  };
  return {
    text: (field) => asText(get(field), field),
    truth: (field) => {
      const value = get(field);
      const truth = value === undefined ? false : (untypedOf(value) ?? false);
      if (typeof truth !== 'boolean') throw refused(what, `"${field}" is neither true nor false`);
      return truth;
    },
    texts: (field) => list(field).map((value) => asText(value, field)),
    values: (field) => list(field).map(untypedOf),
    trees: (field) =>
      list(field).map((value) => {
        if (!isTree(value)) throw refused(what, `"${field}" has an entry that is not a mapping`);
        return reader(value, what);
      }),
    map: (field) => {
      const value = get(field);
      if (value === undefined || valueIsNull(value)) return new Map();
      if (!isTree(value)) throw refused(what, `"${field}" is not a mapping`);
      return new Map(Object.entries(value).map(([key, entry]) => [key, asText(entry, `${field}.${key}`)]));
    },
  };
}

function valueIsNull(value: YamlTree): boolean {
  return textOf(value) === undefined;
}

/** Go's JSON takes a field in any case, and the exact name before others. */
function fieldOf(tree: { readonly [key: string]: YamlTree }, field: string): YamlTree | undefined {
  if (Object.hasOwn(tree, field)) return tree[field];
  const name = Object.keys(tree).find((key) => key.toLowerCase() === field.toLowerCase());
  return name === undefined ? undefined : tree[name];
}

/** Helm's own cleaning: every space is a blank, and what cannot be printed is dropped. */
function clean(text: string): string {
  return text.replace(/\p{White_Space}/gu, ' ').replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '');
}

function withoutEmpty(fields: Readonly<Record<string, GoValue>>): { readonly [key: string]: GoValue } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: GoValue): boolean {
  if (value === '' || value === false || value === null) return true;
  return value instanceof Map ? value.size === 0 : Array.isArray(value) && value.length === 0;
}

function refused(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `Chart.yaml of ${what} is refused: ${why}`,
    hint: 'Helm would not load this chart either',
  });
}
