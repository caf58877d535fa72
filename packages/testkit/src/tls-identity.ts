import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** What a TLS server needs, and the authority that a client must trust to accept it. PEM texts, made for one test run and never kept. */
export interface TlsIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** Makes a P-256 authority and a certificate signed by it for these DNS names and IP addresses, good for a server or a client, valid from yesterday for a month. `days`: from when until when the
 *  certificate counts instead, from now; that of the authority does for a year before and after. */
export async function makeTlsIdentity(
  hosts: readonly string[] = ['127.0.0.1', 'localhost'],
  days?: { readonly from: number; readonly until: number },
): Promise<TlsIdentity> {
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
  const ca = await generate([{ name: 'commonName', value: 'gapferry testkit authority' }], {
    ...common,
    ...(days === undefined ? validity(-1, 30) : validity(-365, 365)),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    ...common,
    ...validity(days?.from ?? -1, days?.until ?? 30),
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: hosts.map(altName) },
    ],
  });
  return { ca: ca.cert, cert: server.cert, key: server.private };
}

function validity(from: number, until: number): { notBeforeDate: Date; notAfterDate: Date } {
  return {
    notBeforeDate: new Date(Date.now() + from * DAY),
    notAfterDate: new Date(Date.now() + until * DAY),
  };
}

function altName(host: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host };
}
