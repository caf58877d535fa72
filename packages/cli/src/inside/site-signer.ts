import { access, constants } from 'node:fs/promises';
import type { Run, Signer } from '@gapferry/core';
import { readEnvironment, reasonOf } from '../environment.ts';
import { openSigner } from '../outside/private-key.ts';
import type { TrustedSite } from './open-site.ts';

type WithKey = Pick<TrustedSite, 'keyFile'>;

/** Opens the site's key, which signs receipts. Before anything is read from a medium: a wrong passphrase must not show after gigabytes. Throws `USAGE`, `KEY_UNUSABLE`. */
export function openSiteSigner(
  { keyFile }: WithKey,
  flags: { readonly 'passphrase-file'?: string | undefined; readonly json?: boolean | undefined },
): Promise<Signer> {
  const mayAsk = flags.json !== true && process.stdin.isTTY === true;
  return openSigner(keyFile, readEnvironment(process.env), flags['passphrase-file'], mayAsk);
}

/** Warns of a key that cannot be read, where none is needed yet: to plan, or to stage. */
export async function tellOfSiteKey({ keyFile }: WithKey, run: Run): Promise<void> {
  try {
    await access(keyFile, constants.R_OK);
  } catch (cause) {
    const message = `the key of the site ${keyFile} cannot be read (${reasonOf(cause)}): without it no release is made visible`;
    run.emit({ kind: 'warning', message });
  }
}
