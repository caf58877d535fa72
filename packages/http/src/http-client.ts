import type { Bytes, Poured, PourFile, Run } from '@gapferry/core';

/** One question to a server that changes nothing there. */
export interface HttpRequest {
  /** Absolute http: or https: URL without credentials (`REFERENCE_INVALID`). */
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  /** An `Authorization` among them counts instead of the client's credentials, and only for the host of `url`; as those, it goes over plain HTTP only to loopback and to `insecure` hosts (`UNAUTHORIZED`), unless it is a signature. */
  readonly headers?: Readonly<Record<string, string>>;
  /** All of `headers` are for the host of `url`: a redirect to another one takes none of them along. Otherwise only those go that are known to be secrets. */
  readonly headersStay?: boolean;
  /** The item this is for: named in errors and progress. */
  readonly item: string;
  /** Statuses returned as answers; all others become errors. Default [200], for `send` [200, 201, 202, 204]. */
  readonly accept?: readonly number[];
  /** Whole bodies with more bytes are refused (`LIMIT_EXCEEDED`). Default for `request` 32 MiB, for `body` no limit. */
  readonly maxBytes?: number;
  /** OCI: scope wanted from a bearer token service when the challenge names none, and the name tokens are kept under: `repository:x:pull`. */
  readonly scope?: string;
}

/** A question that changes something at a server. */
export interface SendRequest extends Omit<HttpRequest, 'method'> {
  /** `MKCOL` and `MOVE` are WebDAV's (RFC 4918). */
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'MKCOL' | 'MOVE';
  /** Sent with its Content-Length. */
  readonly body?: Uint8Array | StreamedBody;
  /** Milliseconds that the server may be silent from the end of the body to the end of its answer, any byte of which counts. The client's own patience unless given. */
  readonly workingTimeoutMs?: number;
  /** Bytes that the server checks, moves or copies before it answers, where they are not those of the body: it is waited for longer, also where it answers with a head at once and goes on to work, as S3 does (CompleteMultipartUpload, CopyObject). */
  readonly workingBytes?: number;
}

/** A body of known size that may be opened again: a challenge or a redirect makes the client send it once more. */
export interface StreamedBody {
  /** Bytes that `open` gives; one more or less ends the trip (`SIZE_MISMATCH`). */
  readonly size: number;
  readonly open: () => Bytes;
  /** An answer below 300 that begins before the body has ended does not end it: what runs behind CGI may say 200 before it has read anything. */
  readonly pastAnswer?: boolean;
}

/** A body that is read as a stream. */
export interface BodyRequest extends HttpRequest {
  /** Bytes of the whole body, where they are known: checked (`SIZE_MISMATCH`). */
  readonly size?: number;
  /** `headers` as of now, for each try: a signature gets old while a body is read. */
  readonly renewed?: () => Readonly<Record<string, string>>;
  /** For a body that nobody knows the digest of, so that bytes of two states of it would not be noticed. */
  readonly held?: HeldBody;
}

/** What says that bytes which came at different times are of the same state of a body: a strong ETag, otherwise a strong date (RFC 9110, section 8.8). */
export type BodyValidator = { readonly etag: string } | { readonly lastModified: string };

/** How a body is held together by its validator. Bytes go on (Range with If-Range) only under the same one; otherwise they begin again. */
export interface HeldBody {
  /** Of the bytes before the offset that is asked from; they are void without it. */
  readonly by?: BodyValidator;
  /** Told before the first byte, and again when the body begins again: what the bytes to come are held by, undefined where the server names nothing strong. */
  readonly learnt: (validator: BodyValidator | undefined) => void;
  /** Bytes before are void: those that come next are the body's first. Not told where nothing came before. */
  readonly anew: () => void;
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

/** The one HTTP client. Failed trips are tried again (at most 4 times in all, after silences twice; `retry` events); wrong answers never. Of a silence it is told while it lasts
 *  (`silence` events), and a host that was silent twice in a row to questions that only read is asked no more of them for half a minute.
 *  Throws `SOURCE_NOT_FOUND` only for 404 and 410; `UNREACHABLE`, `TIMED_OUT`, `CONNECTION_CUT`, `UNAUTHORIZED`, `FORBIDDEN`, `RATE_LIMITED`, `SERVER_ERROR` or
 *  `PROTOCOL_VIOLATION` when the question got no usable answer; `INTERRUPTED` when the run was stopped. */
export interface HttpClient {
  /** A small answer, whole. */
  request(request: HttpRequest, run: Run): Promise<HttpAnswer>;
  /** Sends once: after a challenge again with what it asks for, along a redirect that keeps the method (307, 308), and never again by itself: only the caller knows what a
   *  failed trip has left at the server. Errors say by `retryable` whether another try may help. A body's `bytes` events are told for `request.item`.
   *  An answer that comes before the body was sent to its end counts, and the rest is not sent. */
  send(request: SendRequest, run: Run): Promise<HttpAnswer>;
  /** Streams a body from an offset and resumes by Range after a cut connection. Emits `bytes` events for `request.item`. Nothing is asked before the first chunk is. */
  body(request: BodyRequest, from: number, run: Run): Bytes;
  /** Like `body` from `into.from` on, by the contract of core's `Pour`: undefined for what is small (1 MiB), of unknown size, behind a proxy, or answered unusually. */
  pour(request: BodyRequest, into: PourFile, run: Run): Promise<Poured | undefined>;
  /** `scheme://host` for a host[:port] whose scheme nobody wrote down: https, unless the host is loopback or `insecure` and does not speak TLS. */
  origin(host: string, run: Run): Promise<string>;
  /** Closes idle connections. */
  close(): void;
}

/** `identityToken`: an OAuth2 refresh token that a token service takes instead of a password (Docker config, `identitytoken`). */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly bearer: string };

/** What one host needs that others do not. */
export interface HostSettings {
  /** Certificates in PEM that are trusted for it besides the system's. */
  readonly ca?: string;
  /** Client certificate (chain) and private key in PEM, both or none (mutual TLS). */
  readonly cert?: string;
  readonly key?: string;
  /** Requests under way at once, instead of `perHost`. */
  readonly connections?: number;
  /** Requests begun in any second at most. */
  readonly requestsPerSecond?: number;
}

/** Told what hosts say of themselves with what they answer anyway. */
export interface HostWitness {
  /** An answer has come. `headers`: names in lower case. */
  answered(host: string, headers: ReadonlyMap<string, string>): void;
  /** A TLS connection stands; `validTo`: the end of the host's certificate. */
  secured(host: string, certificate: { readonly validTo: Date }): void;
}

export interface HttpClientOptions {
  /** Credentials for a host[:port] as it stands in the URL, and for the repository path where the request has a `scope` of one: Docker config files may name both.
   *  Asked at most once for each. Sent only over TLS, to loopback, or to `insecure` hosts. */
  readonly credentials?: (host: string, repository?: string) => Promise<Credentials | undefined>;
  /** By host or host:port. */
  readonly hosts?: ReadonlyMap<string, HostSettings>;
  /** The only hosts (host or host:port) that may be spoken to, whatever a redirect, a token realm or a `Location` says; absent: any. Another one is refused (`PROTOCOL_VIOLATION`). */
  readonly onlyHosts?: readonly string[];
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
  /** Milliseconds without a byte until a trip counts as failed; default 60,000. After a body that was sent, 40 ms more for each MiB that the server has to look after. */
  readonly idleTimeoutMs?: number;
  /** Bytes that must come within `idleTimeoutMs` of waiting: what drips more slowly counts as silent too. Default 1024. */
  readonly leastBytes?: number;
  /** The same for questions that only read and whose answer is small (`request`, and for tokens); default `idleTimeoutMs`, which counts also while something is being sent to the host: it has other things to do. */
  readonly readingTimeoutMs?: number;
  readonly witness?: HostWitness;
  /** How to wait between tries; for tests. Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Jitter: a number in [0, 1); for tests. */
  readonly random?: () => number;
}
