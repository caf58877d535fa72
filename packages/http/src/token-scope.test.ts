import { expect, it } from 'vitest';
import { joinScopes, repositoryOf } from './token-scope.ts';

it.each([
  ['repository:team/app:pull', 'team/app'],
  ['repository:registry.example:5000/app:pull', 'registry.example:5000/app'],
  ['repository(plugin):team/app:pull', 'team/app'],
  ['repository:a:pull repository:b:pull,push', 'b'],
  ['registry:catalog:* repository:a:pull', 'a'],
  ['registry:catalog:*', undefined],
  ['s', undefined],
  [undefined, undefined],
])('the credentials for %s are those of %s', (scope, repository) => {
  expect(repositoryOf(scope)).toBe(repository);
});

it.each([
  [
    'repository:b:pull,push',
    'repository:a:pull repository:b:pull',
    ['repository:b:pull,push', 'repository:a:pull'],
  ],
  ['repository:a:pull', 'repository:a:pull,push', ['repository:a:pull,push']],
  [undefined, 'repository:a:pull', ['repository:a:pull']],
  ['odd', undefined, ['odd']],
  [undefined, undefined, []],
])('%s joined with %s is one part per resource', (named, wanted, parts) => {
  expect(joinScopes(named, wanted)).toEqual(parts);
});
