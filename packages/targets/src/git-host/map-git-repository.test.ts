import { describe, expect, it } from 'vitest';
import { inTwoLevels, mapGitRepository } from './map-git-repository.ts';

describe('the place of a repository', () => {
  it.each([
    ['{host}/{path}', 'git.example/line/infra', 'git.example/line/infra'],
    ['{host}/{path}', 'Git.Example:8443/line/infra.git', 'git.example-8443/line/infra'],
    ['mirrors/{host}/{name}', 'git.example/line/infra', 'mirrors/git.example/infra'],
    ['ops/{name}', 'git.example/line/infra', 'ops/infra'],
  ])('by %s of %s is %s', (template, repository, path) => {
    expect(mapGitRepository(template, repository)).toBe(path);
  });

  it.each(['infra', '/infra', 'git.example/../infra', 'git.example/a//b', 'git.example/con'])(
    'is refused for %s',
    (name) => {
      expect(() => mapGitRepository('{host}/{path}', name)).toThrow(
        expect.objectContaining({ code: 'NAME_UNSAFE' }),
      );
    },
  );

  it('in two levels joins what is below the organisation', () => {
    expect(inTwoLevels('git.example/line/a/infra')).toBe('git.example/line-a-infra');
    expect(() => inTwoLevels('infra')).toThrow(expect.objectContaining({ code: 'NAME_UNSAFE' }));
  });
});
