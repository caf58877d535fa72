import { type GapferryError, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import type { OciRegistry } from './oci-registry.ts';

/** `refused`: the credentials may not push. `stopped`: the registry takes nothing there. `untried`: it lets nobody cancel what is begun, and one was enough. */
export type UploadTrial =
  | { readonly kind: 'begun' | 'untried' }
  | { readonly kind: 'refused' | 'stopped'; readonly error: GapferryError };

/** Begins an upload in one repository after the other and cancels it. The first is tried alone: where nothing that was begun can be cancelled, nothing else is begun. */
export function uploadTrials(registry: OciRegistry): (repository: string, run: Run) => Promise<UploadTrial> {
  let first: Promise<UploadTrial> | undefined;
  let isKept = false;
  const attempt = async (repository: string, run: Run): Promise<UploadTrial> => {
    try {
      isKept = (await registry.tryUpload(repository, run)) === 'kept' || isKept;
      return { kind: 'begun' };
    } catch (error) {
      return judge(error);
    }
  };
  return async (repository, run) => {
    if (first === undefined) {
      first = attempt(repository, run);
      first.catch(() => {
        first = undefined;
      });
      return await first;
    }
    await first;
    return isKept ? { kind: 'untried' } : await attempt(repository, run);
  };
}

/** 404: no such project, or no owner to keep it for. 405, 503: read-only, or in maintenance; a registry that reads and does not write is told so at once. Everything else is a failed trip. */
const STOPPED: ReadonlySet<unknown> = new Set([404, 405, 503, 507]);

function judge(error: unknown): UploadTrial {
  if (!isGapferryError(error) || isInterruption(error)) throw error;
  if (error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN') return { kind: 'refused', error };
  if (STOPPED.has(error.data['status']) || error.code === 'NO_SPACE') return { kind: 'stopped', error };
  throw error;
}

export function statusOf({ data }: GapferryError): unknown {
  return data['status'];
}
