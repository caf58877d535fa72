import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Digest, GapferryError, type KeyFile, wishDigest } from '@gapferry/core';
import { reasonOf } from '../environment.ts';
import type { BundleFiles } from './read-bundle.ts';

/** Keys are some kilobytes; a distribution's whole keyring is some megabytes. */
const LIMIT = 16_777_216;

/** Reads the OpenPGP keyrings that the charts' `provenance` names, relative to bundle.yaml; by the digest of the wish that demands them. Throws `CONFIG_INVALID` for what cannot be read. */
export async function readKeyrings({
  config,
  file,
}: Pick<BundleFiles, 'config' | 'file'>): Promise<ReadonlyMap<Digest, KeyFile>> {
  const keyrings = new Map<Digest, KeyFile>();
  for (const wish of config.wishes) {
    if (wish.kind !== 'chart' || wish.provenance === undefined) continue;
    const name = wish.provenance.keyring;
    keyrings.set(wishDigest(wish), { name, content: await readKeyringFile(name, file) });
  }
  return keyrings;
}

async function readKeyringFile(name: string, file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(resolve(dirname(file), name));
    const { size } = await handle.stat();
    if (size > LIMIT) throw new Error(`it has more than ${LIMIT} bytes`);
    return await handle.readFile();
  } catch (cause) {
    throw new GapferryError({
      code: 'CONFIG_INVALID',
      message: `${file}: the keyring ${name}: ${reasonOf(cause)}`,
      hint: 'the paths of keyrings start from the directory of bundle.yaml; gpg --export writes them',
      cause,
    });
  }
}
