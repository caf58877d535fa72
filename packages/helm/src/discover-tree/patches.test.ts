import { describe, expect, it } from 'vitest';
import type { Fields, Value } from './fields.ts';
import { applyJsonPatch } from './json-patch.ts';
import { labelsMatch } from './label-selector.ts';
import { mergeStrategically } from './strategic-merge.ts';

describe('a strategic merge patch', () => {
  const pod = (containers: Value): Fields => ({ apiVersion: 'v1', kind: 'Pod', spec: { containers } });

  it('merges lists of Kubernetes by their key, new entries first', () => {
    const before = pod([
      { name: 'a', image: 'a:1', args: ['x'] },
      { name: 'b', image: 'b:1' },
    ]);
    const patch = pod([
      { name: 'a', image: 'a:2', args: ['y'] },
      { name: 'c', image: 'c' },
    ]);
    expect(mergeStrategically(before, patch)).toEqual(
      pod([
        { name: 'c', image: 'c' },
        { name: 'a', image: 'a:2', args: ['y'] },
        { name: 'b', image: 'b:1' },
      ]),
    );
  });

  it('replaces lists of custom resources', () => {
    const rollout = (names: string[]): Fields => ({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      spec: { containers: names.map((name) => ({ name })) },
    });
    expect(mergeStrategically(rollout(['a', 'b']), rollout(['c']))).toEqual(rollout(['c']));
  });

  it('removes what is null, deletes and replaces by directive', () => {
    const before = pod([{ name: 'a' }, { name: 'b' }]);
    expect(mergeStrategically(before, { spec: null })).toEqual({ apiVersion: 'v1', kind: 'Pod' });
    expect(mergeStrategically(before, pod([{ name: 'a', $patch: 'delete' }]))).toEqual(pod([{ name: 'b' }]));
    expect(mergeStrategically(before, pod([{ $patch: 'replace' }, { name: 'c' }]))).toEqual(
      pod([{ name: 'c' }]),
    );
    expect(mergeStrategically(before, { $patch: 'delete' })).toBeUndefined();
    expect(mergeStrategically(before, { spec: { $patch: 'replace', x: 1 } })).toMatchObject({
      spec: { x: 1 },
    });
  });

  it('gives no power to the name __proto__', () => {
    const patch = JSON.parse(
      '{"__proto__": {"polluted": true}, "spec": {"__proto__": {"polluted": true}}}',
    ) as Fields;
    const after = mergeStrategically(pod([]), patch);
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('a JSON patch', () => {
  const object: Fields = { a: { b: [1, 2, 3] }, 'x/y': { 'm~n': 1 } };
  const apply = (...operations: Value[]): Fields => applyJsonPatch(object, operations, 'k.yaml');

  it.each([
    [{ op: 'add', path: '/a/b/1', value: 9 }, { a: { b: [1, 9, 2, 3] } }],
    [{ op: 'add', path: '/a/b/-', value: 9 }, { a: { b: [1, 2, 3, 9] } }],
    [{ op: 'add', path: '/a/c', value: 9 }, { a: { b: [1, 2, 3], c: 9 } }],
    [{ op: 'replace', path: '/a/b/0', value: 9 }, { a: { b: [9, 2, 3] } }],
    [{ op: 'replace', path: '/a/b/-1', value: 9 }, { a: { b: [1, 2, 9] } }],
    [{ op: 'remove', path: '/a/b' }, { a: {} }],
    [{ op: 'copy', from: '/a/b/0', path: '/a/b/-' }, { a: { b: [1, 2, 3, 1] } }],
    [
      { op: 'move', from: '/a/b', path: '/c' },
      { a: {}, c: [1, 2, 3] },
    ],
    [{ op: 'replace', path: '/x~1y/m~0n', value: 2 }, { 'x/y': { 'm~n': 2 } }],
    [{ op: 'test', path: '/a/b/0', value: 1 }, { a: { b: [1, 2, 3] } }],
  ])('%j', (operation, expected) => {
    expect(apply(operation)).toMatchObject(expected);
  });

  it.each<[Value, string]>([
    [{ op: 'replace', path: '/a/none', value: 1 }, 'has no such place'],
    [{ op: 'add', path: '/none/x', value: 1 }, 'has no such place'],
    [{ op: 'remove', path: '/a/b/3' }, 'has no such place'],
    [{ op: 'add', path: '/a/b/5', value: 1 }, 'has no such place'],
    [{ op: 'remove', path: '/toString' }, 'has no such place'],
    [{ op: 'test', path: '/a/b/0', value: 2 }, 'does not hold'],
    [{ op: 'burn', path: '/a' }, 'is no operation'],
    [{ op: 'add', path: 'a' }, 'no "path"'],
    [{ op: 'replace', path: '', value: 1 }, 'leaves no object'],
  ])('%j is refused', (operation, why) => {
    expect(() => apply(operation)).toThrow(why);
  });
});

describe('a selector of labels', () => {
  it.each([
    ['a=1', true],
    ['a==1,b!=1', true],
    ['a in (1, 2),b', true],
    ['a notin (1,2)', false],
    ['!a', false],
    ['!c', true],
    ['c!=1', true],
    ['a=2', false],
  ])('%s is %s', (selector, expected) => {
    expect(labelsMatch(selector, { a: '1', b: '2' }, 'k.yaml')).toBe(expected);
  });

  it('that is none is refused', () => {
    expect(() => labelsMatch('a ~ b', {}, 'k.yaml')).toThrow('is not a selector');
  });
});
