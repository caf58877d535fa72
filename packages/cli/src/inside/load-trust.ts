import { dirname, resolve } from 'node:path';
import { parseTrustPolicy, type TrustPolicy } from '@gapferry/bundle';
import { readNamedFile } from '../environment.ts';

/** Reads trust.yaml and the public keys it names. Throws `CONFIG_INVALID`, `USAGE`. */
export async function loadTrust(file: string): Promise<TrustPolicy> {
  const draft = parseTrustPolicy(await readNamedFile(file, 'the trust policy'), file);
  const pems = new Map<string, string>();
  for (const path of draft.keyFiles)
    pems.set(path, await readNamedFile(resolve(dirname(file), path), `a public key of ${file}:`));
  return draft.complete(pems);
}
