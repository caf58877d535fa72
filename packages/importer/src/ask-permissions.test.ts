import {
  GapferryError,
  type Load,
  type ObstacleTarget,
  type Permission,
  type PermissionTarget,
  type PreflightTarget,
  type Target,
} from '@gapferry/core';
import { memoryTarget, recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { EVERY_KIND, first, Inside } from './testing/inside.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

const PUSH: Permission = { action: 'push', on: 'a', state: 'probed' };
const NO_PUSH: Permission = { action: 'push', on: 'a', state: 'lacking', remedy: 'make the robot a member' };
const NO_READ: Permission = { action: 'read', on: 'b', state: 'lacking', remedy: 'let it read' };

/** A target that says what it is told to say, and remembers what it was asked about. */
function permitted(
  said: readonly Permission[],
  target: Target = inside.target,
): { readonly target: PermissionTarget; readonly asked: Load[][] } {
  const asked: Load[][] = [];
  const permissions: PermissionTarget['permissions'] = async (wanted) => {
    asked.push([...wanted]);
    return said;
  };
  return { target: { ...target, permissions }, asked };
}

describe('permissions of targets', () => {
  it('are asked after the survey, about what would change, and stand in the plan', async () => {
    await inside.carryFirst();
    const { target, asked } = permitted([PUSH]);
    const spied = recordCalls(target);
    const plan = await inside.plan(first, { targets: new Map([['depot', spied.object]]) });
    expect(plan.permissions).toEqual([{ target: 'depot', ...PUSH }]);
    expect(spied.methods()).toEqual([...Array(10).fill('inspect'), 'permissions']);
    expect(asked[0]).toHaveLength(10);
  });

  it('are not asked where nothing would change, and only about what would', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    const { target, asked } = permitted([NO_PUSH]);
    const plan = await inside.plan(first, { targets: new Map([['depot', target]]) });
    expect([plan.totals.toLoad, plan.permissions, asked]).toEqual([0, [], []]);
    inside.target.names.clear();
    await expect(inside.plan(first, { targets: new Map([['depot', target]]) })).rejects.toThrow('push on a');
    expect(asked[0]?.map(({ phase }) => phase)).toEqual(Array(5).fill('name'));
  });

  it('that lack end the import before its first byte, at every target at once, also where one may not even be read', async () => {
    await inside.carryFirst();
    const { target } = permitted([NO_PUSH]);
    const closed: PreflightTarget & PermissionTarget = {
      ...permitted([NO_READ], memoryTarget('registry')).target,
      preflight: async () => {
        throw new GapferryError({ code: 'FORBIDDEN', message: 'the registry cannot be read' });
      },
    };
    inside.rules = [{ name: 'registry', takes: ['image', 'chart'] }, ...EVERY_KIND];
    const targets = new Map([
      ['registry', closed],
      ['depot', target],
    ]);
    await expect(inside.plan(first, { targets })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/read on b at target registry; push on a at target depot/),
      hint: 'nothing was loaded; let it read; make the robot a member',
    });
    expect(inside.target.log).toEqual([]);
    const willing = { ...closed, permissions: async () => [PUSH] };
    targets.set('registry', willing).set('depot', permitted([PUSH]).target);
    await expect(inside.plan(first, { targets })).rejects.toThrow('the registry cannot be read');
  });
});

describe('what stands in the way at targets', () => {
  it('is asked about what would change only, and ends the import before its first byte', async () => {
    await inside.carryFirst();
    const obstacle = { on: 'a', problem: 'project a is full', remedy: 'raise its quota' };
    const asked: Array<readonly Load[]> = [];
    const target: ObstacleTarget = {
      ...inside.target,
      async obstacles(wanted) {
        asked.push(wanted);
        return [obstacle];
      },
    };
    const refused = inside.plan(first, { targets: new Map([['depot', target]]) });
    await expect(refused).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      data: { obstacles: [{ target: 'depot', ...obstacle }] },
    });
    await inside.importRelease();
    const again = await inside.plan(first, { targets: new Map([['depot', target]]) });
    expect([again.totals.toLoad, asked.length]).toEqual([0, 1]);
  });
});
