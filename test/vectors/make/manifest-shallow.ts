import { gitItem, type LooseManifest, wholeManifest } from './manifest-content.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');
const [FIRST, SECOND] = ['0a'.repeat(20), '0b'.repeat(20)];

/** Manifests with a repository whose history is cut. */
export function manifestShallowVectors(): Vector[] {
  return [
    {
      name: 'good-shallow',
      files: { 'manifest.json': cut([FIRST, SECOND]) },
      expect: {
        why: 'a repository whose history is cut in two places',
        accept: true,
        result: { items: [{}, {}, { kind: 'git', shallow: [FIRST, SECOND] }, {}] },
      },
    },
    wrong('shallow-empty', 'a cut history without cuts', []),
    wrong('shallow-option', 'a cut that is an option of git', ['--all']),
    wrong('shallow-format', 'a cut of the other object format', ['0a'.repeat(32)], ['not sha1']),
    wrong('shallow-out-of-order', 'cuts out of order', [SECOND, FIRST], ['out of order']),
    wrong('shallow-twice', 'the same cut twice', [FIRST, FIRST], ['duplicate']),
    wrong(
      'shallow-too-many',
      '1,001 cuts',
      Array.from({ length: 1001 }, (_, at) => at.toString(16).padStart(40, '0')),
    ),
  ];
}

function wrong(name: string, why: string, cuts: readonly string[], says: readonly string[] = []): Vector {
  return refused(name, why, cut(cuts), 'MANIFEST_INVALID', says);
}

function cut(shallow: readonly string[]): string {
  const manifest: LooseManifest = wholeManifest();
  const items = manifest.items.map((item) => (item.kind === 'git' ? { ...gitItem(), shallow } : item));
  return sortedJson({ ...manifest, items });
}
