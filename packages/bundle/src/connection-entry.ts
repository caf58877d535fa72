import { z } from 'zod';
import { entryPath } from './entry-schemas.ts';

/** How the server of a target is reached. Files are named, not read; paths are relative to site.yaml. */
export interface ConnectionConfig {
  readonly credentials?: CredentialsConfig;
  /** Certificates in PEM that are trusted for it besides the system's. */
  readonly ca?: string;
  /** Client certificate and key in PEM, both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** Plain HTTP, or TLS with any certificate. */
  readonly insecure: boolean;
  /** Other hosts that it may send to, for example a token service or an object store: `host[:port]` in lower case. */
  readonly also: readonly string[];
  /** Requests under way at once. */
  readonly connections?: number;
  /** Seconds that it may be silent for while something is sent; absent: 60. */
  readonly patience?: number;
}

/** Where user name and password come from; they never stand in the file. */
export type CredentialsConfig =
  /** `<name>_USERNAME` and `<name>_PASSWORD`, or `<name>` with `user:password`. */
  | { readonly from: 'environment'; readonly name: string }
  /** One line, `user:password`. */
  | { readonly from: 'file'; readonly path: string }
  /** The Docker config of whoever runs gapferry. */
  | { readonly from: 'docker' };

/** A connection as it stands in the file, each member judged by itself. */
export interface ConnectionEntry {
  readonly credentials?: CredentialsEntry | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly also?: readonly string[] | undefined;
  readonly connections?: number | undefined;
  readonly patience?: number | undefined;
}

export type CredentialsEntry =
  | 'docker'
  | { readonly env: string }
  | { readonly file: string }
  | { readonly docker: true };

const ONE_PLACE = 'must be {env: NAME}, {file: PATH} or docker';

export const credentialsEntry: z.ZodType<CredentialsEntry> = z.union(
  [
    z.literal('docker', { error: ONE_PLACE }),
    z.strictObject({
      env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, {
        error: 'must be the name of an environment variable: its value never stands here',
      }),
    }),
    z.strictObject({ file: entryPath }),
    z.strictObject({ docker: z.literal(true) }),
  ],
  { error: ONE_PLACE },
);

const ONE_TOKEN = 'must be {env: NAME} or {file: PATH}';

/** A token for an API: the value of an environment variable, or one line of a file. */
export type TokenEntry = { readonly env: string } | { readonly file: string };

export const tokenEntry: z.ZodType<TokenEntry> = z.union(
  [
    z.strictObject({
      env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, {
        error: 'must be the name of an environment variable: its value never stands here',
      }),
    }),
    z.strictObject({ file: entryPath }),
  ],
  { error: ONE_TOKEN },
);

export type TokenConfig = Exclude<CredentialsConfig, { readonly from: 'docker' }>;

export function toToken(entry: TokenEntry): TokenConfig {
  return 'env' in entry ? { from: 'environment', name: entry.env } : { from: 'file', path: entry.file };
}

/** What does not hold between the members of a target. */
export interface EntryProblem {
  readonly member: string;
  readonly message: string;
}

export function clientCertificateProblem({ cert, key }: ConnectionEntry): EntryProblem | undefined {
  if ((cert === undefined) === (key === undefined)) return undefined;
  return {
    member: cert === undefined ? 'key' : 'cert',
    message: 'a client certificate has two files: "cert" and "key"',
  };
}

/** `url` stands in `member`; one that is no URL is a path, which is no plain HTTP. */
export function plainHttpProblem(
  { insecure }: ConnectionEntry,
  url: string,
  member: string,
): EntryProblem | undefined {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'http:' || insecure === true || isLoopback(parsed.hostname)) return undefined;
  return {
    member,
    message: 'is plain HTTP: write https://, or "insecure: true" where the network in between is trusted',
  };
}

export function toConnection(entry: ConnectionEntry): ConnectionConfig {
  const { ca, cert, key, connections, patience, credentials } = entry;
  return {
    ...(credentials !== undefined && { credentials: toCredentials(credentials) }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    insecure: entry.insecure ?? false,
    also: (entry.also ?? []).map((host) => host.toLowerCase()),
    ...(connections !== undefined && { connections }),
    ...(patience !== undefined && { patience }),
  };
}

function toCredentials(entry: CredentialsEntry): CredentialsConfig {
  if (entry === 'docker' || 'docker' in entry) return { from: 'docker' };
  return 'env' in entry ? { from: 'environment', name: entry.env } : { from: 'file', path: entry.file };
}

/** Hosts that other clients as well speak plain HTTP to without being told. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}
