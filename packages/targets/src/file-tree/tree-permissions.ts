import type { Permission, PermissionState, Run } from '@gapferry/core';
import type { WriteTrial } from './file-tree.ts';
import type { TreePlace } from './tree-place.ts';

/** What loading anything needs to be allowed: writing. Nothing is told of a directory of this machine, which cannot be used at all without it. */
export async function treePermissions({ tree, target }: TreePlace, run: Run): Promise<readonly Permission[]> {
  if (tree.tryWrite === undefined) return [];
  const trial = await tree.tryWrite(run);
  return [{ action: 'write', on: tree.place, ...stateOf(trial, target) }];
}

function stateOf(trial: WriteTrial, target: string): PermissionState {
  switch (trial.kind) {
    case 'allowed':
      return { state: 'probed' };
    case 'refused':
      return {
        state: 'lacking',
        remedy: `let the credentials of target ${target} write there: PUT, MKCOL, MOVE and DELETE (${trial.said})`,
      };
    case 'unclear':
      return {
        state: 'unknown',
        reason: `the server answers ${trial.status} to moving or removing what is not there`,
      };
  }
}
