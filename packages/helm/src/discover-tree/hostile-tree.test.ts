import { describe, expect, it } from 'vitest';
import { discoverTree, type TreeDiscovery } from './discover-tree.ts';
import { treeOfFiles } from './file-tree.ts';
import { pod, treeOfTexts } from './testing/tree-of-texts.ts';

const discover = (files: Record<string, string>): TreeDiscovery =>
  discoverTree(treeOfTexts({ 'good.yaml': pod('good', 'good:1'), ...files }));

/** What is wrong is told, and the rest of the tree is still found. */
function expectProblem(files: Record<string, string>, why: string): void {
  const { images, problems } = discover(files);
  expect(problems.map(({ message }) => message).join('\n')).toContain(why);
  expect(images.map(({ reference }) => reference)).toContain('good:1');
}

const HEAD = 'apiVersion: v1\nkind: ConfigMap\n';

describe('a hostile file', () => {
  it.each<[string, string, string]>([
    ['that is no YAML', `${HEAD}a: [\n`, 'it is not valid YAML'],
    ['with Helm templates', `${HEAD}a: {{ .Values.a }}\n{{- end }}\n`, 'it is not valid YAML'],
    [
      'with aliases that multiply',
      `${HEAD}a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
      'it is not valid YAML',
    ],
    ['with an alias of itself', `${HEAD}a: &a {b: *a}\n`, 'it is not valid YAML'],
    ['with brackets without end', `${HEAD}a: ${'['.repeat(200_000)}`, 'it is nested too deeply'],
    ['with lists in lists', `${HEAD}a:\n  ${'- '.repeat(20_000)}x\n`, 'it is nested too deeply'],
    [
      'with one huge document',
      `${HEAD}a: ${'x'.repeat(2_100_000)}\n`,
      'a document has more than 2097152 characters',
    ],
  ])('%s is a problem', (_what, text, why) => {
    expectProblem({ 'bad.yaml': text }, why);
  });

  it('of more than 32 MiB, or not in UTF-8, is a problem', () => {
    const huge = new Uint8Array(33_554_433).fill(10);
    const files = new Map([
      ['huge.yaml', huge],
      ['latin.yaml', Uint8Array.of(0xe4, 10)],
    ]);
    expect(
      discoverTree(treeOfFiles(files)).problems.map(({ place, message }) => [place.file, message]),
    ).toEqual([
      ['huge.yaml', 'huge.yaml: it has more than 33554432 bytes'],
      ['latin.yaml', 'latin.yaml: it is not UTF-8'],
    ]);
  });

  it('with control characters in its names does not reach a terminal with them', () => {
    const { problems } = discover({ 'a\u001b[31m/kustomization.yaml': 'resources: ["\\e[2Jnone"]\n' });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain('\\u{1b}[2Jnone');
    expect(problems[0]?.message).not.toContain('\u001b');
  });

  it('that says __proto__ has no power', () => {
    const text =
      'apiVersion: v1\nkind: Pod\n__proto__: {polluted: true}\nmetadata: {name: a, __proto__: {polluted: true}}\nspec: {containers: [{name: a, image: "a:1"}]}\n';
    const kustomization =
      'resources: [a.yaml]\nimages: [{name: a, newTag: "2"}]\n__proto__: {images: [{name: a, newTag: "3"}]}\n';
    const { images } = discover({ 'x/a.yaml': text, 'x/kustomization.yaml': kustomization });
    expect(images.map(({ reference }) => reference)).toEqual(['a:2', 'good:1']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('hostile kustomizations', () => {
  it('that use each other in a circle are told once, whoever begins', () => {
    const files = {
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [../c]\n',
      'c/kustomization.yaml': 'components: [../a]\n',
    };
    expectProblem(files, 'a cycle');
    expect(discover(files).problems).toHaveLength(1);
  });

  it('deeper than 64 in each other are refused', () => {
    const chain = (length: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `k${index}/kustomization.yaml`,
          index === length - 1 ? 'resources: []\n' : `resources: [../k${index + 1}]\n`,
        ]),
      );
    expect(discover(chain(64)).problems).toEqual([]);
    expectProblem(chain(65), 'more than 64 kustomizations in each other');
  });

  it('that double at every level are refused', () => {
    const levels = 40;
    const files = Object.fromEntries(
      Array.from({ length: levels }, (_, index) => [
        `k${index}/kustomization.yaml`,
        index === levels - 1
          ? 'resources: [pod.yaml]\n'
          : `resources: [../k${index + 1}, ../k${index + 1}]\n`,
      ]),
    );
    files[`k${levels - 1}/pod.yaml`] = pod('a', 'a:1');
    expectProblem(files, 'more than 2000 kustomizations in one');
  });

  it('with very many images on very many objects end the look', () => {
    const pods = Array.from({ length: 2_000 }, (_, index) => pod(`p${index}`, `a${index}`)).join('---\n');
    const images = Array.from({ length: 10_000 }, (_, index) => `- {name: "b${index}", newTag: "1"}\n`).join(
      '',
    );
    const files = {
      'k/kustomization.yaml': `resources: [pods.yaml]\nimages:\n${images}`,
      'k/pods.yaml': pods,
    };
    expect(() => discover(files)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  it('with more than 10,000 entries are refused', () => {
    expectProblem(
      { 'k/kustomization.yaml': `resources:\n${'- a.yaml\n'.repeat(10_001)}` },
      'more than 10000 entries',
    );
  });

  it('with a target that is no pattern, or too long a one, are refused', () => {
    const files = (name: string): Record<string, string> => ({
      'k/kustomization.yaml': `patches: [{target: {name: "${name}"}, patch: "[{op: remove, path: /a}]"}]\n`,
    });
    expectProblem(files('('), 'is not a pattern');
    expectProblem(files('a'.repeat(1_001)), 'a pattern has more than 1000 characters');
  });
});

describe('a hostile ApplicationSet', () => {
  it('that multiplies is refused', () => {
    const elements = Array.from({ length: 200 }, (_, index) => `{a: ${index}}`).join(', ');
    const list = `{list: {elements: [${elements}]}}`;
    const text = `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: many}
spec: {generators: [{matrix: {generators: [${list}, ${list}]}}], template: {spec: {source: {repoURL: "https://c.example", chart: a}}}}
`;
    expectProblem({ 'set.yaml': text }, 'a generator makes more than 10000 Applications');
    expect(discover({ 'set.yaml': text }).problems).toMatchObject([{ place: { file: 'set.yaml' } }]);
  });

  it('of which there are many ends the look soon', () => {
    const elements = Array.from({ length: 100 }, (_, index) => `{a: ${index}}`).join(', ');
    const list = `{list: {elements: [${elements}]}}`;
    const set = (name: string): string => `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: ${name}}
spec: {generators: [{matrix: {generators: [${list}, ${list}]}}], template: {spec: {source: {repoURL: "https://c.example", chart: a}}}}
`;
    const sets = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}.yaml`, set(`s${i}`)]));
    expect(() => discover(sets)).toThrow('more than 20000000 values');
  });

  it.each([
    ['generators', `generators: [${'{list: {elements: []}}, '.repeat(101)}]`, 'more than 100 generators'],
    [
      'generators in one',
      `generators: [{merge: {mergeKeys: [a], generators: [${'{list: {elements: []}}, '.repeat(101)}]}}]`,
      'a generator is made of more than 100',
    ],
    [
      'sources',
      `generators: [{list: {elements: [{}]}}], template: {spec: {sources: [${'{repoURL: x}, '.repeat(1_001)}]}}`,
      'more than 1000 sources',
    ],
  ])('with too many %s is refused', (_what, spec, why) => {
    const head = 'apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: many}\n';
    expectProblem({ 'set.yaml': `${head}spec: {${spec}}\n` }, why);
  });

  it('that makes Applications which deploy themselves, each time changed, comes to an end', () => {
    const app = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: self}
spec: {source: {repoURL: "https://git.example/own", path: apps, kustomize: {images: ["a:1"], patches: [{target: {kind: Application}, patch: '[{"op":"add","path":"/spec/source/kustomize/images/-","value":"a:1"}]'}]}}}
`;
    const tree = treeOfTexts({ 'apps/kustomization.yaml': 'resources: [app.yaml]\n', 'apps/app.yaml': app });
    const { problems } = discoverTree(tree, { identity: { urls: ['https://git.example/own'] } });
    expect(problems).toEqual([]);
  });
});
