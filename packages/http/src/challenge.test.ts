import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';

const parsed = (value: string): unknown =>
  parseChallenges(value).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('WWW-Authenticate', () => {
  it.each([
    ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
    [
      'Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    [
      'Negotiate, Basic realm=plain , Bearer realm = "x\\"y"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'plain' }],
        ['bearer', { realm: 'x"y' }],
      ],
    ],
    ['', []],
    ['=,,"', []],
  ])('%j', (value, challenges) => {
    expect(parsed(value)).toEqual(challenges);
  });

  it('reads no more than 8 KiB of a header without end', () => {
    expect(parseChallenges('Basic realm="a", '.repeat(100_000)).length).toBeLessThan(600);
  });
});
