import { type Confidence, type DiscoveryMethod, printable } from '@gapferry/core';
import { addImagesInAnnotation } from './annotation-images.ts';
import {
  fullReferencesIn,
  imagesInEnvironment,
  imagesInSetting,
  imagesInWords,
  type WordFinding,
} from './container-words.ts';
import { imageLinesIn, treesIn, withoutComments } from './embedded-text.ts';
import type { FindingList, Scope } from './finding-list.ts';
import { imageInShape, imagesOfHub, tagBeside } from './image-shape.ts';
import { addImagesOfKind } from './images-of-kind.ts';
import { isBuiltIn, knownKind } from './kind-rules.ts';
import { entriesOf, type Located, memberPath } from './member-path.ts';
import { hasTag, referenceForm } from './reference-form.ts';
import { isList, isMap, memberOf, textOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** A node on the walk. */
interface Position {
  readonly path: string;
  /** The member that holds it; of an entry, the list's. */
  readonly key: string;
  readonly depth: number;
}

const IMAGE_KEY = /images?(?:[_-]?(?:name|ref|reference))?$/i;
const WORDS = /^(?:args|command|cmd|extraArgs|extra_args|arguments)$/i;
const ENVIRONMENT = /^(?:env|extraEnv|extraEnvVars|environment)$/i;
/** What only repeats, says what was, or sorts objects. */
const IGNORED = new Set([
  'status',
  'managedFields',
  'kubectl.kubernetes.io/last-applied-configuration',
  'labels',
  'matchLabels',
  'nodeSelector',
]);
/** Text in text in text: a ConfigMap that a template in a ConfigMap makes, and no further. */
const DEEPEST_TEXT = 3;

/** Searches an object, its known fields first, then by form. Entries of a `List` are objects of their own. */
export function searchObject(object: Located, scope: Scope, list: FindingList, depth = 0): void {
  const { kind, apiVersion } = typeOf(object.node);
  if (kind === undefined || apiVersion === undefined) {
    searchNode(object.node, { path: object.path, key: '', depth }, scope, list);
    return;
  }
  const items = memberOf(object.node, 'items');
  if (kind.endsWith('List') && isList(items)) {
    for (const entry of entriesOf({ path: memberPath(object.path, 'items'), node: items })) {
      list.visit(scope, depth);
      searchObject(entryOfList(entry, kind, apiVersion), scope, list, depth + 2);
    }
    return;
  }
  const known = knownKind(apiVersion, kind);
  const own: Scope = {
    ...scope,
    // Of an object in an object the outer one is what is found in the file.
    object: scope.object ?? objectName(kind, object.node),
    byForm: isBuiltIn(apiVersion) ? 'pod-template' : 'custom-resource',
  };
  if (known !== undefined) addImagesOfKind(known, object, own, list);
  searchMembers(object, kind, own, list, depth);
}

/** Entries of a `PodList` need not say that they are Pods. */
function entryOfList({ path, node }: Located, kind: string, apiVersion: string): Located {
  const own = typeOf(node);
  if (!isMap(node) || kind === 'List' || own.kind !== undefined || own.apiVersion !== undefined)
    return { path, node };
  return { path, node: { ...node, apiVersion, kind: kind.slice(0, -'List'.length) } };
}

/** Searches anything by form alone: members named like images, mappings of registry, repository and tag, environment, arguments, annotations, whole objects, and texts with YAML in them. */
export function searchNode(node: YamlNode, at: Position, scope: Scope, list: FindingList): void {
  list.visit(scope, at.depth);
  if (typeof node === 'string') searchText(node, at, undefined, scope, list);
  else if (isList(node)) searchEntries(node, at, scope, list);
  else if (isMap(node)) searchMap(node, at, scope, list);
}

/** Kinds whose members say something else than their form. */
function searchMembers(object: Located, kind: string, scope: Scope, list: FindingList, depth: number): void {
  const at = (member: string): Position => ({
    path: memberPath(object.path, member),
    key: member,
    depth: depth + 1,
  });
  const search = (member: string): void =>
    searchNode(memberOf(object.node, member) ?? null, at(member), scope, list);
  if (kind === 'Secret') search('metadata');
  else if (kind === 'ConfigMap') {
    search('metadata');
    searchConfig(memberOf(object.node, 'data'), at('data'), scope, list);
  } else if (kind === 'CustomResourceDefinition') {
    search('metadata');
    searchDefaults(memberOf(object.node, 'spec') ?? null, at('spec'), scope, list);
  } else searchNode(object.node, { path: object.path, key: '', depth }, scope, list);
}

function searchConfig(data: YamlNode | undefined, at: Position, scope: Scope, list: FindingList): void {
  if (!isMap(data)) return;
  const own: Scope = { ...scope, method: 'config-map', atMost: atMostLikely(scope) };
  for (const [key, value] of Object.entries(data)) {
    list.visit(scope, at.depth);
    if (typeof value !== 'string') continue;
    const here = { path: memberPath(at.path, key), key, depth: at.depth + 1 };
    const set = imagesInSetting(key, value.trim(), (other) => textOf(memberOf(data, other)));
    if (referenceForm(value.trim()) === undefined && searchEmbedded(value, here, own, list)) continue;
    addWords(
      set.map((found) => ({ ...found, at: 0 })),
      () => here.path,
      own,
      list,
    );
  }
}

/** A schema names an image only as a default. */
function searchDefaults(node: YamlNode, at: Position, scope: Scope, list: FindingList): void {
  list.visit(scope, at.depth);
  if (typeof node === 'string') {
    if (at.key === 'default' && referenceForm(node.trim()) === 'full')
      list.add(scope, { ...byForm(scope, at.path), reference: node.trim(), confidence: 'possible' });
    return;
  }
  for (const [key, value] of Object.entries(node ?? {}))
    searchDefaults(value, below(at, key, isList(node)), scope, list);
}

function searchMap(map: YamlMap, at: Position, scope: Scope, list: FindingList): void {
  if (at.key !== '' && isObject(map)) {
    const own: Scope = { ...scope, atMost: atMostLikely(scope) };
    searchObject({ path: at.path, node: map }, own, list, at.depth);
    return;
  }
  addShapes(map, at, scope, list);
  for (const [key, value] of Object.entries(map)) {
    if (IGNORED.has(key)) continue;
    const here = below(at, key, false);
    if (key === 'annotations' && isMap(value)) searchAnnotations(value, here, scope, list);
    else if (typeof value === 'string') searchText(value, here, map, scope, list);
    else searchNode(value, here, scope, list);
  }
}

function searchAnnotations(annotations: YamlMap, at: Position, scope: Scope, list: FindingList): void {
  for (const [key, value] of Object.entries(annotations)) {
    list.visit(scope, at.depth);
    if (!IGNORED.has(key)) addImagesInAnnotation(key, value, memberPath(at.path, key), scope, list);
  }
}

function searchEntries(entries: readonly YamlNode[], at: Position, scope: Scope, list: FindingList): void {
  const found = WORDS.test(at.key)
    ? imagesInWords(entries)
    : ENVIRONMENT.test(at.key)
      ? imagesInEnvironment(entries)
      : undefined;
  if (found !== undefined) {
    for (const _ of entries) list.visit(scope, at.depth);
    const environment = ENVIRONMENT.test(at.key);
    const place = (entry: number): string => `${at.path}[${entry}]${environment ? '.value' : ''}`;
    addWords(found, place, scope, list, environment ? 'environment' : 'argument');
    return;
  }
  for (const [index, entry] of entries.entries())
    searchNode(entry, { path: `${at.path}[${index}]`, key: at.key, depth: at.depth + 1 }, scope, list);
}

function searchText(
  written: string,
  at: Position,
  beside: YamlMap | undefined,
  scope: Scope,
  list: FindingList,
): void {
  const text = written.trim();
  const form = scope.claimed.has(at.path) ? undefined : referenceForm(text);
  if (form === undefined) {
    const atMost = scope.opened > 0 ? scope.atMost : 'possible';
    if (text.includes('\n')) searchEmbedded(written, at, { ...scope, atMost }, list);
  } else if (IMAGE_KEY.test(at.key)) {
    const tag = hasTag(text) || beside === undefined ? undefined : tagBeside(beside, at.key);
    const sure = form !== 'bare' || tag !== undefined || isContainer(beside);
    const reference = tag === undefined ? text : `${text}:${tag}`;
    list.add(scope, { ...byForm(scope, at.path), reference, confidence: sure ? 'likely' : 'possible' });
  } else if (form === 'full')
    list.add(scope, { ...byForm(scope, at.path), reference: text, confidence: 'possible' });
}

/** Opens a text. False where there is nothing to open: a short text, a number. */
function searchEmbedded(text: string, at: Position, scope: Scope, list: FindingList): boolean {
  if (!/[\n[{]/.test(text) || scope.opened >= DEEPEST_TEXT) return false;
  list.visitText(scope, text);
  const trees = /image|hub/i.test(text) ? treesIn(text, list.mayParse) : [];
  const own: Scope = { ...scope, opened: scope.opened + 1 };
  for (const [index, node] of trees.entries()) {
    const path = trees.length === 1 ? at.path : `${at.path}[${index}]`;
    searchObject({ path, node }, own, list, at.depth + 1);
  }
  if (trees.length > 0) return true;
  const told = withoutComments(text);
  const lines = imageLinesIn(told);
  for (const reference of lines) list.add(own, { ...byForm(own, at.path), reference, confidence: 'likely' });
  for (const reference of fullReferencesIn(told).filter((full) => !lines.includes(full)))
    list.add(own, { ...byForm(own, at.path), reference, confidence: 'possible' });
  return true;
}

function addShapes(map: YamlMap, at: Position, scope: Scope, list: FindingList): void {
  const shape = imageInShape(map, at.key, scope.defaults);
  if (shape !== undefined) {
    const path = memberPath(at.path, shape.member);
    const confidence: Confidence = shape.pinned ? 'likely' : 'possible';
    list.add(scope, { ...byForm(scope, path), ...shape, confidence });
    scope.claimed.add(path);
  }
  for (const { reference, path: members } of imagesOfHub(map)) {
    const path = members.reduce(memberPath, at.path);
    list.add(scope, { ...byForm(scope, path), reference, confidence: 'likely' });
    scope.claimed.add(path);
  }
}

function addWords(
  found: readonly WordFinding[],
  place: (at: number) => string,
  scope: Scope,
  list: FindingList,
  method: DiscoveryMethod = scope.byForm,
): void {
  for (const { reference, confidence, at } of found)
    list.add(scope, { reference, confidence, method, path: place(at) });
}

function byForm(scope: Scope, path: string): { method: DiscoveryMethod; path: string } {
  return { method: scope.byForm, path };
}

function below(at: Position, key: string, entry: boolean): Position {
  const path = entry ? `${at.path}[${key}]` : memberPath(at.path, key);
  return { path, key: entry ? at.key : key, depth: at.depth + 1 };
}

function atMostLikely({ atMost }: Scope): Confidence {
  return atMost === 'possible' ? 'possible' : 'likely';
}

/** A name and an image make a container, whatever kind it stands in. */
function isContainer(map: YamlMap | undefined): boolean {
  return textOf(memberOf(map, 'name')) !== undefined;
}

function isObject(map: YamlMap): boolean {
  const { kind, apiVersion } = typeOf(map);
  const bodies = ['metadata', 'spec', 'data', 'items', 'template'];
  return kind !== undefined && apiVersion !== undefined && bodies.some((body) => isMap(memberOf(map, body)));
}

function typeOf(node: YamlNode): { kind: string | undefined; apiVersion: string | undefined } {
  return { kind: textOf(memberOf(node, 'kind')), apiVersion: textOf(memberOf(node, 'apiVersion')) };
}

function objectName(kind: string, node: YamlNode): string {
  const metadata = memberOf(node, 'metadata');
  const name = textOf(memberOf(metadata, 'name')) ?? textOf(memberOf(metadata, 'generateName'));
  return printable((name === undefined ? kind : `${kind}/${name}`).slice(0, 300));
}
