import type { Bytes, Run } from '@gapferry/core';

/** One question to a server. Only reading is offered: whoever writes to a server has other needs (sessions, bodies, checks after the fact). */
export interface HttpRequest {
  /** Absolute http: or https: URL without credentials (`REFERENCE_INVALID`). */
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** The item this is for: named in errors and progress. */
  readonly item: string;
  /** Statuses returned as answers; all others become errors. Default [200]. */
  readonly accept?: readonly number[];
  /** Whole bodies with more bytes are refused (`LIMIT_EXCEEDED`). Default for `request` 32 MiB, for `body` no limit. */
  readonly maxBytes?: number;
  /** OCI: scope wanted from a bearer token service when the challenge names none, and the name tokens are kept under: `repository:x:pull`. */
  readonly scope?: string;
}

/** A body that is read as a stream. */
export interface BodyRequest extends HttpRequest {
  /** Bytes of the whole body, where they are known: checked (`SIZE_MISMATCH`). */
  readonly size?: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** As sent: a Content-Encoding is not undone (`Accept-Encoding: identity` is asked for). Empty for HEAD. */
  readonly body: Uint8Array;
  /** Where the answer came from after redirects. May carry a signature in its query: never print it. */
  readonly url: string;
}

/** The one HTTP client. Failed trips are tried again (at most 4 times in all, `retry` events); wrong answers never.
 *  Throws `SOURCE_NOT_FOUND` only for 404 and 410; `UNREACHABLE`, `TIMED_OUT`, `CONNECTION_CUT`, `UNAUTHORIZED`, `FORBIDDEN`, `RATE_LIMITED`, `SERVER_ERROR` or
 *  `PROTOCOL_VIOLATION` when the question got no usable answer; `INTERRUPTED` when the run was stopped. */
export interface HttpClient {
  /** A small answer, whole. */
  request(request: HttpRequest, run: Run): Promise<HttpAnswer>;
  /** Streams a body from an offset and resumes by Range after a cut connection. Emits `bytes` events for `request.item`. Nothing is asked before the first chunk is. */
  body(request: BodyRequest, from: number, run: Run): Bytes;
  /** `scheme://host` for a host[:port] whose scheme nobody wrote down: https, unless the host is loopback or `insecure` and does not speak TLS. */
  origin(host: string, run: Run): Promise<string>;
  /** Closes idle connections. */
  close(): void;
}

export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly bearer: string };

export interface HttpClientOptions {
  /** Credentials for a host[:port] as it stands in the URL. Asked at most once per host. Sent only over TLS, to loopback, or to `insecure` hosts. */
  readonly credentials?: (host: string) => Promise<Credentials | undefined>;
  /** host or host:port that may be spoken to over plain HTTP or TLS with any certificate. */
  readonly insecure?: readonly string[];
  /** Like `curl --connect-to`: "host:port" → "host:port". The name in URL, Host header and certificate stays. */
  readonly connectTo?: ReadonlyMap<string, string>;
  /** Certificates in PEM that are trusted besides the system's. */
  readonly ca?: string;
  /** `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` in Node's form. Only the cli reads the environment. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** Connections per host; default 8. */
  readonly perHost?: number;
  readonly userAgent?: string;
  /** Milliseconds until a connection must stand; default 15,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds without a byte until a trip counts as failed; default 60,000. */
  readonly idleTimeoutMs?: number;
  /** How to wait between tries; for tests. Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Jitter: a number in [0, 1); for tests. */
  readonly random?: () => number;
}
