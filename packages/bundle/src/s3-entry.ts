import { z } from 'zod';
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

/** A bucket in site.yaml; its credentials are access key and secret key. Files are named, not read; paths are relative to site.yaml. */
export interface S3TargetConfig extends ConnectionConfig {
  readonly name: string;
  readonly kind: 's3';
  /** `https://host[:port]` of the S3 API; `http://` only for loopback addresses and with `insecure`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The bucket stands in the path, not in the host's name. */
  readonly pathStyle: boolean;
  /** Make the bucket where there is none. */
  readonly create: boolean;
  /** Template of keys: `{channel}/{version}/{path}`. */
  readonly keys: string;
  readonly takes: readonly 'file'[];
  readonly overwrite: 'refuse' | 'replace' | 'version';
  readonly foreign: 'refuse' | 'read';
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly days: number };
  readonly legalHold: boolean;
  /** Template of the keys of copies that stay from release to release; absent: there are none. */
  readonly latest?: string;
  /** Releases that stay, the new one included; absent: all of them. */
  readonly keep?: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** The rules of S3 for names of buckets, without those that look like addresses. */
const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,58}[A-Za-z0-9])?$/;
/** Tags: 10 for an object, by the rules of S3. */
const TAG_NAME = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

export const keyTemplate: z.ZodType<string, string> = checked(keysProblem);
export const latestTemplate: z.ZodType<string, string> = checked(latestProblem);
export const s3Endpoint: z.ZodType<string, string> = checked(endpointProblem);
export const regionName: z.ZodType<string, string> = z
  .string()
  .regex(REGION, { error: 'must be the name of a region: letters, digits and -' });
export const bucketName: z.ZodType<string, string> = z.string().regex(BUCKET, {
  error: 'must be the name of a bucket: 3 to 63 of lower case, digits, - and .',
});
export const lockEntry: z.ZodType<NonNullable<S3TargetConfig['lock']>> = z.strictObject({
  mode: z.enum(['governance', 'compliance']),
  days: z.number().int().min(1).max(36_500),
});
export const tagsEntry: z.ZodType<Record<string, string>> = z
  .record(z.string().regex(TAG_NAME), z.string().regex(TAG_VALUE))
  .refine((tags) => Object.keys(tags).length <= 10, { error: 'an object has at most 10 tags' });

/** A bucket as it stands in the file, each member judged by itself. */
export interface S3Entry extends ConnectionEntry {
  readonly name: string;
  readonly kind: 's3';
  readonly endpoint: string;
  readonly region?: string | undefined;
  readonly bucket: string;
  readonly pathStyle?: boolean | undefined;
  readonly create?: boolean | undefined;
  readonly keys?: string | undefined;
  readonly takes?: readonly 'files'[] | undefined;
  readonly overwrite?: S3TargetConfig['overwrite'] | undefined;
  readonly foreign?: S3TargetConfig['foreign'] | undefined;
  readonly lock?: S3TargetConfig['lock'] | undefined;
  readonly legalHold?: boolean | undefined;
  readonly latest?: string | undefined;
  readonly keep?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Members of members, for suggestions. */
export const S3_MEMBERS: readonly string[] = ['mode', 'days'];

/** What must hold between the members. */
export function s3Problem(entry: S3Entry): EntryProblem | undefined {
  const { endpoint, credentials, bucket, pathStyle } = entry;
  const certificate = clientCertificateProblem(entry);
  if (certificate !== undefined) return certificate;
  if (credentials === undefined)
    return {
      member: 'credentials',
      message: 'is missing: {env: NAME} or {file: PATH} with access key:secret key',
    };
  if (credentials === 'docker' || 'docker' in credentials)
    return {
      member: 'credentials',
      message: 'must be {env: NAME} or {file: PATH}: Docker keeps none for object stores',
    };
  if (pathStyle === false && bucket.includes('.'))
    return { member: 'pathStyle', message: 'must be true for a bucket with dots in its name' };
  if (pathStyle === false && !URL.canParse(`https://${bucket}.${new URL(endpoint).host}`))
    return { member: 'pathStyle', message: 'must be true for an endpoint that is an address and no name' };
  return plainHttpProblem(entry, endpoint, 'endpoint');
}

export function toS3Target(entry: S3Entry): S3TargetConfig {
  const { name, kind, bucket, lock } = entry;
  return {
    name,
    kind,
    endpoint: new URL(entry.endpoint).origin,
    region: entry.region ?? 'us-east-1',
    bucket,
    pathStyle: entry.pathStyle ?? true,
    create: entry.create ?? false,
    keys: entry.keys ?? '{channel}/{version}/{path}',
    takes: ['file'],
    overwrite: entry.overwrite ?? 'refuse',
    foreign: entry.foreign ?? 'refuse',
    ...(lock !== undefined && { lock }),
    legalHold: entry.legalHold ?? false,
    ...(entry.latest !== undefined && { latest: entry.latest }),
    ...(entry.keep !== undefined && { keep: entry.keep }),
    tags: entry.tags ?? {},
    ...toConnection(entry),
  };
}

function checked(problemOf: (text: string) => string | undefined): z.ZodType<string, string> {
  return entryText.superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

/** What stands there is not repeated: it may be a password. */
function endpointProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !hostName.safeParse(url.host).success)
    return 'must be https://HOST or https://HOST:PORT';
  if (url.username !== '' || url.password !== '')
    return 'must not carry credentials: name where they are in "credentials"';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'must be https://HOST or https://HOST:PORT: the bucket has a member of its own';
  return undefined;
}

function keysProblem(template: string): string | undefined {
  const known = ['channel', 'version', 'sequence', 'path'];
  const problem = variableProblem(template, known);
  if (problem !== undefined) return problem;
  if (!/\/\{path\}$/.test(template) || /\{path\}.*\{path\}/.test(template)) return 'must end with /{path}';
  if (!/\{(?:version|sequence)\}/.test(template))
    return 'must have {version} or {sequence}: readers of one release must not see the files of the next';
  return shapeProblem(template);
}

/** Of copies that stay: `{path}` alone, or below something. */
function latestProblem(template: string): string | undefined {
  const problem = variableProblem(template, ['channel', 'path']);
  if (problem !== undefined) return problem;
  if (!/(?:^|\/)\{path\}$/.test(template) || /\{path\}.*\{path\}/.test(template))
    return 'must be {path}, or end with /{path}';
  return shapeProblem(template);
}

function variableProblem(template: string, known: readonly string[]): string | undefined {
  const unknown = [...template.matchAll(/\{([^{}]*)\}/g)].find(([, name = '']) => !known.includes(name));
  if (unknown === undefined) return undefined;
  const names = known.map((name) => `{${name}}`);
  return `has ${unknown[0]}: known are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function shapeProblem(template: string): string | undefined {
  const sample = template.replace(/\{[a-z]+\}/g, 'x');
  const isGood =
    /^[A-Za-z0-9][A-Za-z0-9!_.*'()-]*(?:\/[A-Za-z0-9!_.*'()-]+)*$/.test(sample) &&
    !sample.split('/').some((part) => /^\.+$/.test(part));
  return isGood
    ? undefined
    : "does not make good keys: letters, digits and ! _ . * ' ( ) -, parts separated by /";
}
