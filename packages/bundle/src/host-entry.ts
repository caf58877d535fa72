import { z } from 'zod';
import { entryPath } from './entry-schemas.ts';

/** What bundle.yaml says of one host. Files are named, not read; paths are relative to bundle.yaml. */
export interface HostConfig {
  /** `host[:port]` or `host[:port]/prefix`, asked in this order before the host itself, for images and for files by URL. */
  readonly mirrors: readonly string[];
  /** `host[:port]` in lower case that the `.lfsconfig` of a repository of the host may name, absent: none. */
  readonly also?: readonly string[];
  /** Whose API says what repositories of the host are about; `none`: it is not asked. Absent: it is asked where everybody knows what it is. */
  readonly api?: RepositoryApi;
  /** Certificates in PEM that are trusted for the host besides the system's. */
  readonly ca?: string;
  /** Client certificate and key in PEM, both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** Git over SSH: a private key instead of those of the agent, and a file with the keys that the host may have instead of the user's. */
  readonly ssh?: { readonly key?: string; readonly knownHosts?: string };
  /** Requests under way at once. */
  readonly connections?: number;
  /** Requests begun in any second at most. */
  readonly requestsPerSecond?: number;
}

export type RepositoryApi = 'github' | 'gitlab' | 'gitea' | 'none';

type HostEntry = {
  readonly [Member in keyof Omit<HostConfig, 'ssh'>]?: HostConfig[Member] | undefined;
} & { readonly ssh?: SshAccessEntry | undefined };
type SshAccessEntry = { readonly key?: string | undefined; readonly knownHosts?: string | undefined };
export type HostEntries = Readonly<Record<string, HostEntry>>;

const HOST = '[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\]';
const PREFIX = '[a-zA-Z0-9]+(?:[._-]+[a-zA-Z0-9]+)*';

/** `host` or `host:port`. */
export const hostName: z.ZodType<string, string> = z
  .string()
  .max(255)
  .regex(new RegExp(`^(?:${HOST})(?::[0-9]{1,5})?$`), { error: 'must be host or host:port' });

/** `host[:port]` or `host[:port]/prefix`. */
export const mirrorName: z.ZodType<string, string> = z
  .string()
  .max(255)
  .regex(new RegExp(`^(?:${HOST})(?::[0-9]{1,5})?(?:/${PREFIX})*$`), {
    error: 'must be host or host/prefix, without https://',
  });

const entry = z
  .strictObject({
    mirrors: z.array(mirrorName).max(20).optional(),
    also: z.array(hostName).max(20).optional(),
    api: z.enum(['github', 'gitlab', 'gitea', 'none']).optional(),
    ca: entryPath.optional(),
    cert: entryPath.optional(),
    key: entryPath.optional(),
    ssh: z.strictObject({ key: entryPath.optional(), knownHosts: entryPath.optional() }).optional(),
    connections: z.number().int().min(1).max(256).optional(),
    requestsPerSecond: z.number().positive().max(10_000).optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: 'a client certificate has two files: "cert" and "key"',
  });

export const hostEntries: z.ZodType<HostEntries> = z.record(hostName, entry).superRefine((hosts, context) => {
  const seen = new Map<string, string>();
  for (const host of Object.keys(hosts)) {
    const other = seen.get(host.toLowerCase());
    if (other !== undefined)
      context.addIssue({ code: 'custom', message: `is the same host as ${other}`, path: [host] });
    seen.set(host.toLowerCase(), host);
  }
});

/** By host in lower case: hosts have no case. */
export function toHosts(entries: HostEntries): ReadonlyMap<string, HostConfig> {
  return new Map(Object.entries(entries).map(([host, said]) => [host.toLowerCase(), toHost(said)]));
}

function toHost({
  mirrors = [],
  also,
  api,
  ca,
  cert,
  key,
  ssh,
  connections,
  requestsPerSecond,
}: HostEntry): HostConfig {
  return {
    mirrors: mirrors.map((name) => name.replace(/^[^/]*/, (host) => host.toLowerCase())),
    ...(also !== undefined && { also: also.map((host) => host.toLowerCase()) }),
    ...(api !== undefined && { api }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(ssh !== undefined && { ssh: toSshAccess(ssh) }),
    ...(connections !== undefined && { connections }),
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
  };
}

function toSshAccess({ key, knownHosts }: SshAccessEntry): NonNullable<HostConfig['ssh']> {
  return { ...(key !== undefined && { key }), ...(knownHosts !== undefined && { knownHosts }) };
}
