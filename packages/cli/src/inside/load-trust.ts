import { dirname, resolve } from 'node:path';
import { parseTrustPolicy, type TrustPolicy } from '@gapferry/bundle';
import { GapferryError, isGapferryError } from '@gapferry/core';
import { readNamedFile } from '../environment.ts';

/** Reads trust.yaml and the public keys and trusted roots it names. Throws `CONFIG_INVALID`, `USAGE`. */
export async function loadTrust(file: string): Promise<TrustPolicy> {
  const draft = parseTrustPolicy(await readNamedFile(file, 'the trust policy'), file);
  const pems = new Map<string, string>();
  for (const path of draft.keyFiles)
    pems.set(path, await readNamedFile(resolve(dirname(file), path), `a key or trusted root of ${file}:`));
  const policy = draft.complete(pems);
  await requireUsable(policy, file);
  return policy;
}

/** Before anything is hashed: a trusted root with a broken certificate would else be noticed last. */
async function requireUsable({ upstream }: TrustPolicy, file: string): Promise<void> {
  if (upstream.length === 0) return;
  const { requireUsableDemand } = await import('@gapferry/signing');
  for (const { match, demand } of upstream) {
    try {
      requireUsableDemand(demand);
    } catch (error) {
      if (!isGapferryError(error)) throw error;
      throw new GapferryError({
        code: 'CONFIG_INVALID',
        message: `${file}: upstream "${match}": ${error.message}`,
        ...(error.hint !== undefined && { hint: error.hint }),
        origin: 'site',
        cause: error,
      });
    }
  }
}
