import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** What a TLS server needs, and the authority that a client must trust to accept it. PEM texts, made for one test run and never kept. */
export interface TlsIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** Makes a P-256 authority and a certificate signed by it for these DNS names and IP addresses, good for a server or a client, valid from yesterday for a month. */
export async function makeTlsIdentity(
  hosts: readonly string[] = ['127.0.0.1', 'localhost'],
): Promise<TlsIdentity> {
  const validity = {
    notBeforeDate: new Date(Date.now() - DAY),
    notAfterDate: new Date(Date.now() + 30 * DAY),
  };
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256', ...validity } as const;
  const ca = await generate([{ name: 'commonName', value: 'gapferry testkit authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    ...common,
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

function altName(host: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host };
}
