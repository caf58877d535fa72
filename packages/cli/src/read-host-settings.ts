import { createPrivateKey, X509Certificate } from 'node:crypto';
import { GapferryError } from '@gapferry/core';
import type { HostSettings } from '@gapferry/http';
import { readNamedFile } from './environment.ts';

/** What a configuration says of a host: like `HostSettings`, with paths of PEM files. */
export interface HostFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly connections?: number;
  readonly requestsPerSecond?: number;
}

/** Reads the files that a configuration names for a host. `whose`: `host registry.example.org`, for errors. Throws `USAGE` for files that are no PEM, and for a key that does not
 *  belong to its certificate: the first connection would fail for a reason nobody understands. Nothing of a key is in a message. */
export async function readHostSettings(
  { ca, cert, key, connections, requestsPerSecond }: HostFiles,
  whose: string,
  pathOf: (relative: string) => string,
): Promise<HostSettings> {
  const what = (member: string): string => `\`${member}\` of ${whose}`;
  const settings = {
    ...(ca !== undefined && { ca: await readCertificates(pathOf(ca), what('ca')) }),
    ...(cert !== undefined && { cert: await readCertificates(pathOf(cert), what('cert')) }),
    ...(key !== undefined && { key: await readNamedFile(pathOf(key), `${what('key')}:`) }),
    ...(connections !== undefined && { connections }),
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
  };
  if (settings.cert !== undefined && settings.key !== undefined)
    requirePair(settings.cert, settings.key, whose);
  return settings;
}

/** `what`: the setting that names the file. What is no certificate would be left out without a word. Throws `USAGE`. */
export async function readCertificates(file: string, what: string): Promise<string> {
  const pem = await readNamedFile(file, `the certificates in ${what}:`);
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new GapferryError({
    code: 'USAGE',
    message: `${what} names ${file}, which holds no certificate in PEM form`,
    hint: 'the file has a line -----BEGIN CERTIFICATE----- for each certificate',
    origin: 'site',
  });
}

/** The first certificate in the file is the client's own; others may follow as its chain. */
function requirePair(cert: string, key: string, whose: string): void {
  const problem = problemOf(cert, key);
  if (problem === undefined) return;
  throw new GapferryError({
    code: 'USAGE',
    message: `the client certificate of ${whose} cannot be used: ${problem}`,
    hint: 'name a certificate in PEM (its own first, then the chain) and its private key in PEM without a passphrase',
    origin: 'site',
  });
}

function problemOf(cert: string, key: string): string | undefined {
  let own: X509Certificate;
  try {
    own = new X509Certificate(cert);
  } catch {
    return 'its certificate cannot be read';
  }
  try {
    return own.checkPrivateKey(createPrivateKey(key)) ? undefined : 'its key belongs to another certificate';
  } catch {
    return 'its key cannot be read';
  }
}
