import { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { GapferryError, printable } from '@gapferry/core';

/** A certificate that a host presented and that was not taken. */
export interface PresentedCertificate {
  /** SHA-256 of it: `AA:BB:…`. */
  readonly fingerprint: string;
  /** Common names. */
  readonly subject: string;
  readonly issuer: string;
}

/** Tells of a certificate that did not stand: it is looked at when the handshake is done, right before it is judged. */
export function watchRefusedCertificate(
  socket: Duplex,
  refused: (certificate: PresentedCertificate) => void,
): void {
  let seen: PresentedCertificate | undefined;
  socket.prependListener('secure', () => {
    seen = toPresented((socket as TLSSocket).getPeerCertificate());
  });
  socket.once('secureConnect', () => {
    seen = undefined;
  });
  socket.once('error', () => {
    if (seen !== undefined) refused(seen);
  });
}

function toPresented(certificate: PeerCertificate): PresentedCertificate | undefined {
  const { fingerprint256, subject, issuer } = certificate;
  if (fingerprint256 === undefined) return undefined;
  return { fingerprint: fingerprint256, subject: nameIn(subject), issuer: nameIn(issuer) };
}

function nameIn(name: PeerCertificate['subject'] | undefined): string {
  const text = name?.CN ?? name?.O;
  return typeof text === 'string' ? printable(text.slice(0, 100)) : 'nobody named';
}

/** The failure of a trip with what the host presented, and whom `authorities` (PEM) would have had to sign it. */
export function withPresented(
  error: unknown,
  certificate: PresentedCertificate | undefined,
  authorities: ReadonlyArray<string | undefined>,
): unknown {
  if (!(error instanceof GapferryError) || certificate === undefined) return error;
  if (!/CERT|SELF_SIGNED|UNABLE_TO_/.test(String(error.data['reason'] ?? ''))) return error;
  const { fingerprint, subject, issuer } = certificate;
  const expected = authorities.flatMap((pem) => (pem === undefined ? [] : authoritiesIn(pem)));
  const trusted = ['those of this machine', ...expected.slice(0, 5)].join(', ');
  return new GapferryError({
    code: error.code,
    message: `${error.message}; it presents a certificate for "${subject}", signed by "${issuer}", with the fingerprint ${fingerprint} (SHA-256); authorities that are trusted here: ${trusted}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.origin !== undefined && { origin: error.origin }),
    retryable: error.retryable,
    data: { ...error.data, fingerprint },
    cause: error,
  });
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function authoritiesIn(pem: string): readonly string[] {
  return (pem.match(PEM) ?? []).slice(0, 5).flatMap((text) => {
    try {
      const { subject, fingerprint256 } = new X509Certificate(text);
      const name = /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.split('\n').at(-1) ?? '';
      return [`"${printable(name.slice(0, 100))}" (${fingerprint256.slice(0, 23)}…)`];
    } catch {
      return [];
    }
  });
}
