import { describe, expect, it } from 'vitest';
import { requirePermissions, type TargetPermission } from './permission.ts';

const base = { target: 'store', on: 's3://plant' };

describe('permissions of an import', () => {
  it('are in nobody’s way where none is known to lack', () => {
    requirePermissions([
      { ...base, action: 's3:ListBucket', state: 'proven' },
      { ...base, action: 's3:PutObject', state: 'probed' },
      { ...base, action: 's3:CreateBucket', state: 'unknown', reason: 'nobody makes a bucket on trial' },
    ]);
  });

  it('that lack are told all at once, each remedy once, beside what is known of the others', () => {
    const permissions: TargetPermission[] = [
      { ...base, action: 's3:ListBucket', state: 'proven' },
      { ...base, action: 's3:PutObject', state: 'lacking', remedy: 'have it granted' },
      { ...base, action: 's3:AbortMultipartUpload', state: 'lacking', remedy: 'have it granted' },
      { target: 'forge', on: 'ops', action: 'push', state: 'lacking', remedy: 'make the robot a member' },
    ];
    expect(() => requirePermissions(permissions)).toThrow(
      expect.objectContaining({
        code: 'FORBIDDEN',
        message:
          'the import lacks permissions: s3:PutObject on s3://plant at target store; s3:AbortMultipartUpload on s3://plant at target store; push on ops at target forge',
        hint: 'nothing was loaded; have it granted; make the robot a member',
        data: { permissions },
      }),
    );
  });
});
