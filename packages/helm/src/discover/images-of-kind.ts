import type { Confidence } from '@gapferry/core';
import type { FindingList, Scope } from './finding-list.ts';
import type { KindRule, KnownKind } from './kind-rules.ts';
import { type Located, memberPath, nodesAt } from './member-path.ts';
import { hasTag, isReference, referenceForm } from './reference-form.ts';
import { memberOf, textOf, type YamlNode } from './yaml-tree.ts';

/** What one rule reaches: a text, and every place that it was made of. */
interface Named {
  readonly text: string;
  readonly path: string;
  readonly madeOf: readonly string[];
}

const CONTAINERS = ['containers[]', 'initContainers[]', 'ephemeralContainers[]'];

/** Adds the images of an object of a known kind and claims their places, so that the search by form leaves them alone. */
export function addImagesOfKind(kind: KnownKind, object: Located, scope: Scope, list: FindingList): void {
  const explained = new Set<string>();
  const method = kind.builtIn ? 'pod-template' : 'custom-resource';
  const visit = (): void => list.visit(scope, 0);
  let applied = false;
  for (const { otherwise, also, confidence, ...rule } of kind.rules) {
    applied = also ? applied : !otherwise || explained.size === 0;
    if (!applied) continue;
    for (const { text, path, madeOf } of namedBy(rule, object, visit)) {
      const sure = rule.form === 'pod' ? surenessInPod(text, scope) : referenceForm(text) && confidence;
      if (sure !== undefined) list.add(scope, { reference: text, method, confidence: sure, path });
      for (const place of madeOf) explained.add(place);
    }
  }
  for (const place of explained) scope.claimed.add(place);
}

/** Whatever stands there is what Kubernetes would pull. What it could not pull is told where it surely is installed: most often a value is missing. Istio's injector puts the proxy in the place of `auto`. */
function surenessInPod(text: string, { atMost }: Scope): Confidence | undefined {
  if (text === 'auto') return undefined;
  if (isReference(text)) return 'certain';
  return atMost === 'certain' ? 'likely' : undefined;
}

function namedBy({ form, at }: Pick<KindRule, 'form' | 'at'>, object: Located, visit: () => void): Named[] {
  const reach = (pattern: string, from: Located = object): Located[] => nodesAt(from, pattern, visit);
  switch (form) {
    case 'pod':
      return reach(at).flatMap((pod) => [
        ...CONTAINERS.flatMap((containers) => written(reach(`${containers}.image`, pod))),
        ...written(reach('volumes[].image.reference', pod)),
      ]);
    case 'container':
      return texts(reach(`${at}.image`));
    case 'image':
      return texts(reach(at)).map((named) => ({ ...named, text: withoutScheme(named.text) }));
    case 'oci':
      return texts(reach(at))
        .filter(({ text }) => text.startsWith('oci://'))
        .map((named) => ({ ...named, text: withoutScheme(named.text) }));
    case 'slashed':
      return texts(reach(at)).filter(({ text }) => text.includes('/') && hasTag(text));
    case 'parts':
      return reach(at).flatMap(fromParts);
    case 'join':
      return joined(at, reach);
  }
}

function texts(located: readonly Located[]): Named[] {
  return located.flatMap(({ path, node }) => {
    const text = textOf(node);
    return text === undefined ? [] : [{ text, path, madeOf: [path] }];
  });
}

/** The same with what is there and has no text: a value that nobody gave. */
function written(located: readonly Located[]): Named[] {
  return located.flatMap(({ path, node }) => {
    const text = isEmpty(node) ? '' : textOf(node);
    return text === undefined ? [] : [{ text, path, madeOf: [path] }];
  });
}

function isEmpty(node: YamlNode): boolean {
  return node === null || (typeof node === 'string' && node.trim() === '');
}

/** CDI and others write what kind of source a reference is. */
function withoutScheme(text: string): string {
  return text.replace(/^(?:docker|oci):\/\//, '');
}

function fromParts({ path, node }: Located): Named[] {
  const [repository, image, version] = ['repository', 'image', 'version'].map((part) =>
    textOf(memberOf(node, part)),
  );
  if (repository === undefined || image === undefined || version === undefined) return [];
  const separator = version.startsWith('sha256:') ? '@' : ':';
  const madeOf = ['repository', 'image', 'version'].map((part) => memberPath(path, part));
  return [{ text: `${repository}/${image}${separator}${version}`, path: memberPath(path, 'image'), madeOf }];
}

/** Fills every `{a|b}` of a template; nothing where one of them has no text. */
function joined(template: string, reach: (pattern: string) => Located[]): Named[] {
  const used: string[] = [];
  let complete = true;
  const text = template.replace(/\{([^}]+)\}/g, (_, choices: string) => {
    const [first] = choices.split('|').flatMap((pattern) => texts(reach(pattern)));
    if (first === undefined) complete = false;
    else used.push(first.path);
    return first?.text ?? '';
  });
  // Operators take a digest where they ask for a tag.
  const reference = text.replace(/:(?=sha256:)/, '@');
  const [path] = used;
  return complete && path !== undefined ? [{ text: reference, path, madeOf: used }] : [];
}
