import type { TargetPermission } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { permissionLines } from './permission-lines.ts';

const base = { target: 'store', on: 's3://plant' };

describe('permissions of a target', () => {
  it('are counted by how they are known, and what nobody can tell before is said with the reason', () => {
    const permissions: TargetPermission[] = [
      { ...base, action: 's3:ListBucket', state: 'proven' },
      { ...base, action: 's3:PutObject', state: 'probed' },
      { ...base, action: 's3:PutObjectTagging', state: 'probed' },
      { ...base, action: 's3:DeleteObject', state: 'unknown', reason: 'the bucket keeps\u001b versions' },
    ];
    expect(permissionLines(permissions)).toEqual([
      '  permissions: 1 proven, 2 probed, 1 unknown',
      '    s3:DeleteObject on s3://plant: the bucket keeps\\u{1b} versions',
    ]);
    expect(permissionLines(permissions.slice(0, 1))).toEqual(['  permissions: 1 proven']);
  });

  it('that nobody can tell of many repositories are one line', () => {
    const reason = 'whether a registry lets a tag be moved shows when it is';
    const permissions = Array.from({ length: 100 }, (_, i): TargetPermission => {
      return { ...base, on: `plant/app-${i}`, action: 'move tags', state: 'unknown', reason };
    });
    expect(permissionLines(permissions)).toEqual([
      '  permissions: 100 unknown',
      `    move tags on plant/app-0 and 99 more: ${reason}`,
    ]);
  });

  it('are not mentioned where a target was not asked', () => {
    expect(permissionLines([])).toEqual([]);
  });
});
