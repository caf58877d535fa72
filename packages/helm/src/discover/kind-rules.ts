import type { Confidence } from '@gapferry/core';
import { KNOWN_KINDS } from './known-kinds.ts';
import { MORE_KINDS } from './more-kinds.ts';

/** One rule of a line: what stands at a path. */
export interface KindRule {
  readonly form: 'pod' | 'container' | 'image' | 'oci' | 'slashed' | 'parts' | 'join';
  /** A pattern of member-path.ts; of a join, its template with `{…}`. */
  readonly at: string;
  readonly confidence: Confidence;
  /** Only where no rule before it found anything. */
  readonly otherwise: boolean;
  /** Only together with the rule before it. */
  readonly also: boolean;
}

export interface KnownKind {
  readonly rules: readonly KindRule[];
  /** Of Kubernetes itself. */
  readonly builtIn: boolean;
}

const BUILT_IN = new Set(['core', 'apps', 'extensions', 'batch']);
const known: ReadonlyMap<string, KnownKind> = readTable(`${KNOWN_KINDS}\n${MORE_KINDS}`);

/** What the table says of an object, by its apiVersion (`apps/v1`) and kind. */
export function knownKind(apiVersion: string, kind: string): KnownKind | undefined {
  return known.get(`${groupOf(apiVersion)} ${kind}`);
}

/** Whether a group is Kubernetes' own, so that its Pods are created without anybody's controller. */
export function isBuiltIn(apiVersion: string): boolean {
  return BUILT_IN.has(groupOf(apiVersion));
}

/** Every kind of the table as `group Kind`. */
export function knownKindNames(): string[] {
  return [...known.keys()];
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? 'core' : apiVersion.slice(0, slash);
}

function readTable(table: string): Map<string, KnownKind> {
  const lines = table.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.flatMap(readLine));
}

function readLine(line: string): Array<[string, KnownKind]> {
  const [groups = '', kinds = '', ...words] = line.split(' ');
  const rules = readRules(words);
  return groups
    .split(',')
    .flatMap((group) =>
      kinds
        .split(',')
        .map((kind): [string, KnownKind] => [`${group} ${kind}`, { rules, builtIn: BUILT_IN.has(group) }]),
    );
}

function readRules(words: readonly string[]): KindRule[] {
  let front = '';
  return words.flatMap((word): KindRule[] => {
    const colon = word.indexOf(':');
    const [form, at] = [word.slice(0, colon), word.slice(colon + 1)];
    if (form === 'at') {
      front = `${at}.`;
      return [];
    }
    const otherwise = form === 'else' || form === 'also';
    const put = { otherwise, also: form === 'also' };
    if (otherwise || form === 'maybe') return [{ form: 'join', at, confidence: 'likely', ...put }];
    const path = form === 'join' ? at : `${front}${at}`;
    return [{ form: form as KindRule['form'], at: path, confidence: 'certain', ...put }];
  });
}
