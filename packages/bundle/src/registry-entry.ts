import { z } from 'zod';
import { entryPath, entryText } from './entry-schemas.ts';
import { hostName } from './host-entry.ts';
import { templateProblem } from './path-template.ts';

/** A registry in site.yaml. Files are named, not read; paths are relative to site.yaml. */
export interface RegistryTargetConfig {
  readonly name: string;
  readonly kind: 'registry';
  /** `https://host[:port]`; `http://` only for loopback addresses and with `insecure`. No slash at the end. */
  readonly url: string;
  /** How an upstream repository is mapped: `{host}/{path}`. */
  readonly path: string;
  readonly takes: ReadonlyArray<'image' | 'chart'>;
  readonly credentials?: CredentialsConfig;
  /** Certificates in PEM that are trusted for it besides the system's. */
  readonly ca?: string;
  /** Client certificate and key in PEM, both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** Plain HTTP, or TLS with any certificate. */
  readonly insecure: boolean;
  /** Other hosts that it may send to: token service, object store. */
  readonly also: readonly string[];
  /** Requests under way at once. */
  readonly connections?: number;
}

/** Where user name and password come from; they never stand in the file. */
export type CredentialsConfig =
  /** `<name>_USERNAME` and `<name>_PASSWORD`, or `<name>` with `user:password`. */
  | { readonly from: 'environment'; readonly name: string }
  /** One line, `user:password`. */
  | { readonly from: 'file'; readonly path: string }
  /** The Docker config of whoever runs gapferry. */
  | { readonly from: 'docker' };

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

const ONE_PLACE = 'must be {env: NAME}, {file: PATH} or docker';

export type CredentialsEntry =
  | 'docker'
  | { readonly env: string }
  | { readonly file: string }
  | { readonly docker: true };

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

export const registryUrl: z.ZodType<string, string> = entryText.superRefine((url, context) => {
  const problem = urlProblem(url);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const pathTemplate: z.ZodType<string, string> = entryText.superRefine((path, context) => {
  const problem = templateProblem(path, (name) => REPOSITORY.test(name), 'lower case, digits');
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** A registry as it stands in the file, each member judged by itself. */
export interface RegistryEntry {
  readonly name: string;
  readonly kind: 'registry';
  readonly url: string;
  readonly path?: string | undefined;
  readonly takes?: ReadonlyArray<'images' | 'charts'> | undefined;
  readonly credentials?: CredentialsEntry | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly also?: readonly string[] | undefined;
  readonly connections?: number | undefined;
}

/** What must hold between the members. */
export function registryProblem({ cert, key, url, insecure }: RegistryEntry): EntryProblem | undefined {
  if ((cert === undefined) !== (key === undefined))
    return {
      member: cert === undefined ? 'key' : 'cert',
      message: 'a client certificate has two files: "cert" and "key"',
    };
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || insecure === true || isLoopback(hostname)) return undefined;
  return {
    member: 'url',
    message: 'is plain HTTP: write https://, or "insecure: true" where the network in between is trusted',
  };
}

export interface EntryProblem {
  readonly member: string;
  readonly message: string;
}

/** Kinds of items that a registry takes, as they stand in the file. */
const KINDS = { images: 'image', charts: 'chart' } as const;

export function toRegistryTarget(entry: RegistryEntry): RegistryTargetConfig {
  const { name, kind, url, ca, cert, key, connections, credentials } = entry;
  return {
    name,
    kind,
    url: new URL(url).origin,
    path: entry.path ?? '{host}/{path}',
    takes: (entry.takes ?? (['images', 'charts'] as const)).map((plural) => KINDS[plural]),
    ...(credentials !== undefined && { credentials: toCredentials(credentials) }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    insecure: entry.insecure ?? false,
    also: (entry.also ?? []).map((host) => host.toLowerCase()),
    ...(connections !== undefined && { connections }),
  };
}

export function toCredentials(entry: CredentialsEntry): CredentialsConfig {
  if (entry === 'docker' || 'docker' in entry) return { from: 'docker' };
  return 'env' in entry ? { from: 'environment', name: entry.env } : { from: 'file', path: entry.file };
}

/** What stands there is not repeated: it may be a password. */
function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !hostName.safeParse(url.host).success)
    return 'must be https://HOST or https://HOST:PORT';
  if (url.username !== '' || url.password !== '')
    return 'must not carry credentials: name where they are in "credentials"';
  if (url.search !== '' || url.hash !== '') return 'must be https://HOST or https://HOST:PORT';
  if (url.pathname !== '/') return 'has a path: that belongs in "path", for example "team/{host}/{path}"';
  return undefined;
}

/** Hosts that other clients as well speak plain HTTP to without being told. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}
