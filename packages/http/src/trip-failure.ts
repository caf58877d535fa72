import { type ErrorCode, GapferryError, printable } from '@gapferry/core';

/** What a trip was for, for its errors. */
export interface TripPurpose {
  readonly item: string;
  readonly url: URL;
}

interface Failure {
  readonly code: ErrorCode;
  readonly says: string;
  readonly retryable: boolean;
  readonly hint?: string;
}

const CUT: Failure = { code: 'CONNECTION_CUT', says: 'the connection was cut', retryable: true };
const LATE: Failure = { code: 'TIMED_OUT', says: 'no answer in time', retryable: true };
const AWAY: Failure = {
  code: 'UNREACHABLE',
  says: 'it cannot be reached',
  retryable: true,
  hint: 'check the network, the name and the port',
};
const NAMELESS: Failure = {
  code: 'UNREACHABLE',
  says: 'its name is not known',
  retryable: false,
  hint: 'check the spelling of the host and the name service',
};
const NO_TLS: Failure = {
  code: 'UNREACHABLE',
  says: 'it does not speak TLS as expected',
  retryable: false,
  hint: 'if it speaks plain HTTP and that is acceptable, list it under `insecure`',
};
const UNTRUSTED: Failure = {
  code: 'UNREACHABLE',
  says: 'its certificate is not trusted: no authority known here signed it',
  retryable: false,
  hint: 'if a private authority signed it, name a PEM file with the certificate of that authority: `ca` of the target in site.yaml, `ca` of the host under `hosts` in bundle.yaml, or GAPFERRY_CA; if it was trusted before, ask whoever runs the host whether the certificate was changed, before you trust another one',
};
const EXPIRED: Failure = {
  code: 'UNREACHABLE',
  says: 'its certificate has expired',
  retryable: false,
  hint: 'have the certificate renewed, or set the clock of this machine if it is wrong',
};
const NOT_YET: Failure = {
  code: 'UNREACHABLE',
  says: 'its certificate does not count yet',
  retryable: false,
  hint: 'set the clock of this machine, or of whoever made the certificate: one of them is wrong',
};
const OTHER_NAME: Failure = {
  code: 'UNREACHABLE',
  says: 'its certificate is for another name',
  retryable: false,
  hint: 'use a name that stands in the certificate, or have this one put into it: another host may be answering',
};
const REVOKED: Failure = {
  code: 'UNREACHABLE',
  says: 'its certificate was revoked',
  retryable: false,
  hint: 'ask whoever runs the host for a certificate that counts',
};
const NO_CLIENT: Failure = {
  code: 'UNAUTHORIZED',
  says: 'it wants a client certificate that it trusts',
  retryable: false,
  hint: 'name the certificate and its key: `cert` and `key` of the target in site.yaml',
};
const GIBBERISH: Failure = {
  code: 'PROTOCOL_VIOLATION',
  says: 'what it answers is not HTTP',
  retryable: false,
};

const BY_CODE: Readonly<Record<string, Failure>> = {
  ECONNRESET: CUT,
  EPIPE: CUT,
  ERR_STREAM_PREMATURE_CLOSE: CUT,
  ECONNABORTED: CUT,
  ETIMEDOUT: LATE,
  ECONNREFUSED: AWAY,
  EHOSTUNREACH: AWAY,
  ENETUNREACH: AWAY,
  ENETDOWN: AWAY,
  EADDRNOTAVAIL: AWAY,
  EAI_AGAIN: AWAY,
  ENOTFOUND: NAMELESS,
  EPROTO: NO_TLS,
  CERT_HAS_EXPIRED: EXPIRED,
  CERT_NOT_YET_VALID: NOT_YET,
  CERT_REVOKED: REVOKED,
  ERR_TLS_CERT_ALTNAME_INVALID: OTHER_NAME,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: NO_CLIENT,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: NO_CLIENT,
};

/** Turns what the network stack threw into an error that says what happened to whom, and whether another try may help. */
export function tripFailure(error: unknown, purpose: TripPurpose): GapferryError {
  if (error instanceof GapferryError) return error;
  const code = codeOf(error);
  const failure = BY_CODE[code] ?? byFamily(code);
  const detail = code === '' || failure === LATE ? reasonOf(error) : code;
  return new GapferryError({
    code: failure.code,
    message: `${purpose.url.host} was asked for ${purpose.item}: ${failure.says} (${detail})`,
    ...(failure.hint && { hint: failure.hint }),
    origin: 'source',
    retryable: failure.retryable,
    data: { host: purpose.url.host, item: purpose.item, reason: detail },
  });
}

function byFamily(code: string): Failure {
  if (code.startsWith('HPE_')) return GIBBERISH;
  if (/^CERT|SELF_SIGNED|UNABLE_TO_|CRL_|ERR_TLS_CERT/.test(code)) return UNTRUSTED;
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return NO_TLS;
  return { ...AWAY, retryable: false };
}

/** Node wraps: a happy-eyeballs failure is an AggregateError, node-fetch's error carries the system's code. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** The stack's own words without the URL they may repeat: its query can carry a signature. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return printable(
    text.replace(/^request to .* failed, reason: /s, '').replace(/https?:\/\/\S+/g, '(address)'),
  ).slice(0, 200);
}
