import { type Digest, type KeyFile, wishDigest } from '@gapferry/core';
import type { BundleFiles } from './read-bundle.ts';
import { readKeyFile } from './read-key-file.ts';

const HINT = 'the paths of keyrings start from the directory of bundle.yaml; gpg --export writes them';

/** Reads the OpenPGP keyrings that the charts' `provenance` names, relative to bundle.yaml; by the digest of the wish that demands them. Throws `CONFIG_INVALID` for what cannot be read. */
export async function readKeyrings({
  config,
  file,
}: Pick<BundleFiles, 'config' | 'file'>): Promise<ReadonlyMap<Digest, KeyFile>> {
  const keyrings = new Map<Digest, KeyFile>();
  for (const wish of config.wishes) {
    if (wish.kind !== 'chart' || wish.provenance === undefined) continue;
    const name = wish.provenance.keyring;
    keyrings.set(wishDigest(wish), { name, content: await readKeyFile(`keyring ${name}`, name, file, HINT) });
  }
  return keyrings;
}
