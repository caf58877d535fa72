import { treesIn } from './embedded-text.ts';
import type { FindingList, Scope } from './finding-list.ts';
import { entriesOf, type Located } from './member-path.ts';
import { referenceForm } from './reference-form.ts';
import { memberOf, textOf, type YamlNode } from './yaml-tree.ts';

/** Annotations whose value is a YAML list of images: Artifact Hub's, Helm's, and Bitnami's of Chart.yaml. */
const LISTS = new Set(['artifacthub.io/images', 'helm.sh/images', 'images']);
/** `sidecar.istio.io/proxyImage`, `vault.hashicorp.com/agent-image`, `containerImage`. */
const NAMES_AN_IMAGE = /(?:^|[^a-z])image$|Image$/;

/** Adds the images of one annotation. An entry of a list with a `condition` may be switched off. */
export function addImagesInAnnotation(
  key: string,
  value: YamlNode,
  path: string,
  scope: Scope,
  list: FindingList,
): void {
  const method = 'annotation';
  if (typeof value !== 'string') return;
  if (LISTS.has(key)) {
    const trees = treesIn(value, list.mayParse);
    for (const entry of trees.flatMap((node) => [...entriesOf({ path, node })])) {
      list.visit(scope, 0);
      const named = imageOf(entry);
      if (named !== undefined) list.add(scope, { ...named, method });
    }
    if (trees.length > 0) return;
  }
  const reference = value.trim();
  const form = referenceForm(reference);
  if (NAMES_AN_IMAGE.test(key) && (form === 'full' || form === 'named'))
    list.add(scope, { reference, confidence: 'likely', method, path });
  else if (form === 'full') list.add(scope, { reference, confidence: 'possible', method, path });
}

function imageOf({
  path,
  node,
}: Located): { reference: string; path: string; confidence: 'likely' | 'possible' } | undefined {
  const inMap = textOf(memberOf(node, 'image'));
  const reference = inMap ?? textOf(node);
  if (reference === undefined || referenceForm(reference) === undefined) return undefined;
  const conditional = memberOf(node, 'condition') !== undefined;
  return {
    reference,
    path: inMap === undefined ? path : `${path}.image`,
    confidence: conditional ? 'possible' : 'likely',
  };
}
