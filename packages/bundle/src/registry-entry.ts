import type { z } from 'zod';
import {
  type ConnectionConfig,
  type ConnectionEntry,
  clientCertificateProblem,
  type EntryProblem,
  plainHttpProblem,
  toConnection,
} from './connection-entry.ts';
import { entryText } from './entry-schemas.ts';
import { hostName } from './host-entry.ts';
import { templateProblem } from './path-template.ts';

/** A registry in site.yaml. Files are named, not read; paths are relative to site.yaml. */
export interface RegistryTargetConfig extends ConnectionConfig {
  readonly name: string;
  readonly kind: 'registry';
  /** `https://host[:port]`; `http://` only for loopback addresses and with `insecure`. No slash at the end. */
  readonly url: string;
  /** How an upstream repository is mapped: `{host}/{path}`. */
  readonly path: string;
  readonly takes: ReadonlyArray<'image' | 'chart'>;
}

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

export const registryUrl: z.ZodType<string, string> = entryText.superRefine((url, context) => {
  const problem = urlProblem(url);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const pathTemplate: z.ZodType<string, string> = entryText.superRefine((path, context) => {
  const problem = templateProblem(path, (name) => REPOSITORY.test(name), 'lower case, digits');
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** A registry as it stands in the file, each member judged by itself. */
export interface RegistryEntry extends ConnectionEntry {
  readonly name: string;
  readonly kind: 'registry';
  readonly url: string;
  readonly path?: string | undefined;
  readonly takes?: ReadonlyArray<'images' | 'charts'> | undefined;
}

/** What must hold between the members. */
export function registryProblem(entry: RegistryEntry): EntryProblem | undefined {
  return clientCertificateProblem(entry) ?? plainHttpProblem(entry, entry.url, 'url');
}

/** Kinds of items that a registry takes, as they stand in the file. */
const KINDS = { images: 'image', charts: 'chart' } as const;

export function toRegistryTarget(entry: RegistryEntry): RegistryTargetConfig {
  return {
    name: entry.name,
    kind: entry.kind,
    url: new URL(entry.url).origin,
    path: entry.path ?? '{host}/{path}',
    takes: (entry.takes ?? (['images', 'charts'] as const)).map((plural) => KINDS[plural]),
    ...toConnection(entry),
  };
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
