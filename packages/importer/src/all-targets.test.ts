import {
  checkRun,
  type ErrorCode,
  type ErrorInit,
  GapferryError,
  type ObstacleTarget,
  type PermissionTarget,
  type PreflightTarget,
  quietRun,
  type Target,
} from '@gapferry/core';
import { memoryTarget, recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { EVERY_KIND, first, Inside } from './testing/inside.ts';

let inside: Inside;
beforeEach(async () => {
  inside = new Inside();
  await inside.carryFirst();
  inside.rules = [
    { name: 'registry', takes: ['image'] },
    { name: 'charts', takes: ['chart'] },
    { name: 'forge', takes: ['git'] },
    ...EVERY_KIND,
  ];
});

function failing(name: string, code: ErrorCode, init: Partial<ErrorInit> = {}): PreflightTarget {
  return {
    ...memoryTarget(name),
    preflight: async () => {
      throw new GapferryError({ code, message: `${name} is in trouble`, hint: `mend ${name}`, ...init });
    },
  };
}

/** The others hold nothing and are well. */
function targetsWith(...given: readonly Target[]): ReadonlyMap<string, Target> {
  const well = ['registry', 'charts', 'forge'].map((name) => memoryTarget(name));
  return new Map([...well, inside.target, ...given].map((target) => [target.name, target]));
}

describe('targets that cannot be asked', () => {
  it('keep no other from being asked: all is told at once, by target, each with its remedy, the gravest first', async () => {
    const full: ObstacleTarget & PermissionTarget = {
      ...memoryTarget('charts'),
      obstacles: async () => [{ on: 'a', problem: 'project a is full', remedy: 'raise its quota' }],
      permissions: async () => [{ action: 'push', on: 'a', state: 'lacking', remedy: 'let it push' }],
    };
    const targets = targetsWith(
      failing('registry', 'UNREACHABLE', { retryable: true }),
      full,
      failing('forge', 'NAME_UNSAFE'),
    );
    await expect(inside.plan(first, { targets })).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
      retryable: false,
      message: [
        '4 things are in the way of loading the release:',
        '  forge: forge is in trouble',
        '    → mend forge',
        '  charts: project a is full',
        '    → raise its quota',
        '  charts: lacks the permission push on a',
        '    → let it push',
        '  registry: registry is in trouble',
        '    → mend registry',
      ].join('\n'),
      data: {
        failures: [
          { target: 'forge', code: 'NAME_UNSAFE', message: 'forge is in trouble', hint: 'mend forge' },
          { target: 'registry', code: 'UNREACHABLE' },
        ].toSorted((a) => (a.target === 'registry' ? 1 : -1)),
        obstacles: [{ target: 'charts', problem: 'project a is full' }],
        permissions: [{ target: 'charts', action: 'push', state: 'lacking' }],
      },
    });
    expect(inside.target.log).toEqual([]);
  });

  it('are told with places that belong to somebody else', async () => {
    const registry = memoryTarget('registry');
    registry.names.set('oci docker.io/library/nginx:1.27', { digest: `sha256:${'0'.repeat(64)}` });
    const targets = targetsWith(registry, failing('forge', 'UNAUTHORIZED'));
    const conflicted = inside.plan(first, { targets });
    await expect(conflicted).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      data: { conflicts: [{ target: 'registry' }], failures: [{ target: 'forge', code: 'UNAUTHORIZED' }] },
    });
  });

  it.each([
    ['permissions', undefined],
    ['obstacles', [{ action: 'push' }]],
  ])('about %s are told with what was seen there before', async (what, permissions) => {
    const permission = { action: 'push', on: 'a', state: 'lacking', remedy: 'let it push' } as const;
    const registry = Object.assign(memoryTarget('registry'), {
      permissions: async () => [permission],
      obstacles: async () => [],
      [what]: async () => {
        throw new GapferryError({ code: 'UNREACHABLE', message: 'registry is gone' });
      },
    });
    registry.names.set('oci docker.io/library/nginx:1.27', { digest: `sha256:${'0'.repeat(64)}` });
    await expect(inside.plan(first, { targets: targetsWith(registry) })).rejects.toMatchObject({
      data: {
        conflicts: [{ target: 'registry' }],
        failures: [{ target: 'registry', code: 'UNREACHABLE' }],
        ...(permissions && { permissions }),
      },
    });
  });

  it('may be asked again where all of them may', async () => {
    const away = { retryable: true } as const;
    const targets = targetsWith(
      failing('registry', 'UNREACHABLE', away),
      failing('forge', 'TIMED_OUT', away),
    );
    await expect(inside.plan(first, { targets })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      retryable: true,
    });
  });

  it('say what they say where only one is in trouble and nothing else is', async () => {
    const targets = targetsWith(failing('registry', 'UNREACHABLE', { data: { host: 'r.example' } }));
    await expect(inside.plan(first, { targets })).rejects.toMatchObject({
      message: 'registry is in trouble',
      hint: 'mend registry',
      data: { host: 'r.example' },
    });
  });

  it('are asked about nothing else, and not for each item', async () => {
    const spied = recordCalls(failing('registry', 'UNREACHABLE'));
    await expect(inside.plan(first, { targets: targetsWith(spied.object) })).rejects.toThrow('in trouble');
    expect(spied.methods()).toEqual(['preflight']);
  });

  it('let nobody wait: another target is asked while one is still silent', async () => {
    const silent = Promise.withResolvers<void>();
    const waiting: PreflightTarget = { ...memoryTarget('registry'), preflight: () => silent.promise };
    const other: PreflightTarget = {
      ...memoryTarget('forge'),
      preflight: async () => silent.reject(new GapferryError({ code: 'TIMED_OUT', message: 'silent' })),
    };
    await expect(inside.plan(first, { targets: targetsWith(waiting, other) })).rejects.toThrow('silent');
  });
});

describe('what concerns more than a target', () => {
  it('ends the survey as it is: a stopped run', async () => {
    const stop = new AbortController();
    const stopped: PreflightTarget = {
      ...memoryTarget('forge'),
      preflight: async () => {
        stop.abort();
        checkRun(quietRun(stop.signal));
      },
    };
    const targets = targetsWith(failing('registry', 'UNREACHABLE'), stopped);
    await expect(inside.plan(first, { targets, run: quietRun(stop.signal) })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });

  it.each<[string, unknown, string]>([
    ['a bug of ours', new TypeError('x is undefined'), 'x is undefined'],
    ['a bug that was noticed', new GapferryError({ code: 'INTERNAL', message: 'noticed' }), 'noticed'],
    [
      'a medium that cannot be read',
      new GapferryError({ code: 'STORAGE_FAILED', message: 'the stick', origin: 'medium' }),
      'the stick',
    ],
  ])('ends the survey as it is: %s', async (_, thrown, said) => {
    const broken: PreflightTarget = {
      ...memoryTarget('forge'),
      preflight: () => Promise.reject(thrown),
    };
    const targets = targetsWith(failing('registry', 'UNREACHABLE'), broken);
    const error = await inside.plan(first, { targets }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toBe(said);
  });
});
