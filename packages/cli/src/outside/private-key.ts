import { GapferryError, type Signer } from '@gapferry/core';
import type { Environment } from '../environment.ts';
import { readNamedFile } from '../environment.ts';
import { withKeyFile } from '../with-key-file.ts';

/** Opens a private key file. The passphrase comes from a file, the environment or, on a terminal, a prompt. Throws `USAGE`, `KEY_UNUSABLE`. */
export async function openSigner(
  keyFile: string,
  environment: Environment,
  passphraseFile: string | undefined,
  mayAsk: boolean,
): Promise<Signer> {
  const pem = await readNamedFile(keyFile, 'the private key');
  const { keySigner } = await import('@gapferry/signing');
  const passphrase = pem.includes('ENCRYPTED')
    ? await readPassphrase(keyFile, environment, passphraseFile, mayAsk)
    : undefined;
  try {
    return keySigner({ privatePem: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    throw withKeyFile(error, keyFile);
  }
}

async function readPassphrase(
  keyFile: string,
  environment: Environment,
  file: string | undefined,
  mayAsk: boolean,
): Promise<string> {
  if (file !== undefined) return (await readNamedFile(file, 'the passphrase file')).replace(/\r?\n$/, '');
  if (environment.keyPassphrase !== undefined) return environment.keyPassphrase;
  if (mayAsk) {
    const { askPassphrase } = await import('../terminal/ask.ts');
    return askPassphrase(`Passphrase of ${keyFile}`);
  }
  throw new GapferryError({
    code: 'KEY_UNUSABLE',
    message: `the private key ${keyFile} is encrypted and no passphrase was given`,
    hint: 'use --passphrase-file, or set GAPFERRY_KEY_PASSPHRASE',
  });
}
