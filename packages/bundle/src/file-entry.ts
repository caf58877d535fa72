import {
  type ChecksumsDemand,
  digestFromHex,
  type FileDemands,
  type FilePlace,
  type FileSignatureDemand,
  type FileSigner,
  type FileWish,
  fillTemplate,
  nameInUrl,
  type ObjectPlace,
  type PrefixFileWish,
  unknownInTemplate,
} from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryPath, entryText } from './entry-schemas.ts';
import { type ReleaseFileEntry, releaseEntry, toReleaseWish } from './release-entry.ts';
import { safeName } from './safe-name.ts';
import { webUrl } from './web-url.ts';

/** One of `files` in bundle.yaml: from a URL, an object of a bucket, from this machine, or assets of a release. */
export type FileEntry = UrlFileEntry | ObjectFileEntry | PrefixFileEntry | LocalFileEntry | ReleaseFileEntry;

interface DemandsEntry {
  readonly as: string;
  readonly sha256?: string | undefined;
  readonly sha512?: string | undefined;
  readonly checksums?: ChecksumsEntry | undefined;
  readonly signature?: SignatureEntry | undefined;
  readonly check?: 'first-seen' | undefined;
}

interface UrlFileEntry extends DemandsEntry {
  readonly url: string;
}

interface ObjectFileEntry extends DemandsEntry {
  readonly s3: {
    readonly endpoint: string;
    readonly bucket: string;
    readonly key: string;
    readonly version?: string | undefined;
    readonly region?: string | undefined;
    readonly pathStyle?: boolean | undefined;
  };
}

interface PrefixFileEntry {
  readonly s3: Omit<ObjectFileEntry['s3'], 'key' | 'version'> & { readonly prefix: string };
  readonly as: string;
  readonly check: 'first-seen';
}

interface LocalFileEntry {
  readonly path: string;
  readonly as: string;
}

interface PlaceEntry {
  readonly url?: string | undefined;
  readonly path?: string | undefined;
}

interface SignatureEntry extends PlaceEntry {
  readonly key?: string | undefined;
  readonly keyring?: string | undefined;
  readonly minisign?: string | undefined;
}

interface ChecksumsEntry extends PlaceEntry {
  readonly name?: string | undefined;
  readonly signature?: SignatureEntry | undefined;
}

const place = { url: entryText.optional(), path: entryPath.optional() };
const isOnePlace = ({ url, path }: PlaceEntry): boolean => (url === undefined) !== (path === undefined);
const onePlace = { error: 'has either "url" or "path"' };

const signatureEntry: z.ZodType<SignatureEntry> = z
  .strictObject({
    ...place,
    key: entryPath.optional(),
    keyring: entryPath.optional(),
    minisign: entryText.optional(),
  })
  .refine(isOnePlace, onePlace)
  .refine((entry) => ['key', 'keyring', 'minisign'].filter((member) => member in entry).length === 1, {
    error: 'has one of "key", "keyring" and "minisign"',
  });

const checksumsEntry: z.ZodType<ChecksumsEntry> = z
  .strictObject({ ...place, name: entryText.optional(), signature: signatureEntry.optional() })
  .refine(isOnePlace, onePlace);

const demands = {
  as: entryText,
  sha256: z.string().optional(),
  sha512: z.string().optional(),
  checksums: checksumsEntry.optional(),
  signature: signatureEntry.optional(),
  check: z.literal('first-seen').optional(),
};

const key = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= 1024 && text.isWellFormed() && !/\p{Cc}/u.test(text), {
    error: 'is not the key of an object',
  });

const store = {
  endpoint: entryText,
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'is not the name of a bucket' }),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .optional(),
  pathStyle: z.boolean().optional(),
};

export const fileEntry: z.ZodType<FileEntry> = z.union([
  z.strictObject({ url: entryText, ...demands }),
  z.strictObject({ s3: z.strictObject({ ...store, key, version: entryText.optional() }), ...demands }),
  z.strictObject({
    s3: z.strictObject({ ...store, prefix: z.union([z.literal(''), key]) }),
    as: entryText,
    check: z.literal('first-seen'),
  }),
  z.strictObject({ path: entryPath, as: entryText }),
  releaseEntry,
]);

export function toFileWish(entry: FileEntry): FileWish {
  if ('release' in entry) return toReleaseWish(entry);
  if ('path' in entry) return { kind: 'file', path: entry.path, as: safeName(entry.as) };
  if ('s3' in entry && 'prefix' in entry.s3) return toPrefixWish(entry as PrefixFileEntry);
  const { url, s3 } =
    's3' in entry ? toObject(entry as ObjectFileEntry) : { url: webUrl(entry.url, 'url'), s3: undefined };
  const as = safeName(filled(entry.as, url));
  return { kind: 'file', url, ...(s3 && { s3 }), ...toDemands(entry), as };
}

/** The URL is the object's name, also where it is asked for in the other style. */
function toObject({ s3 }: ObjectFileEntry): { readonly url: string; readonly s3: ObjectPlace } {
  const { key: name, version } = s3;
  const place = { ...toStore(s3), key: name, ...(version !== undefined && { version }) };
  const path = name.split('/').map(encodeURIComponent).join('/');
  return { url: webUrl(`${place.endpoint}/${place.bucket}/${path}`, 's3'), s3: place };
}

function toPrefixWish({ s3, as, check }: PrefixFileEntry): PrefixFileWish {
  const prefix = s3.prefix === '' ? '' : `${s3.prefix.replace(/\/+$/, '')}/`;
  return { kind: 'file', prefix: { ...toStore(s3), prefix }, as: safeName(as), check };
}

function toStore({ endpoint, bucket, region, pathStyle }: PrefixFileEntry['s3'] | ObjectFileEntry['s3']) {
  const origin = webUrl(endpoint, 's3').replace(/\/+$/, '');
  if (origin !== new URL(origin).origin)
    throw entryProblem('"endpoint" is https://host[:port], without bucket and path', 's3');
  if (pathStyle === false && bucket.includes('.'))
    throw entryProblem('"pathStyle" must be true for a bucket with dots in its name', 's3');
  if (pathStyle === false && !URL.canParse(`https://${bucket}.${new URL(origin).host}`))
    throw entryProblem('"pathStyle" must be true for an endpoint that is an address and no name', 's3');
  return {
    endpoint: origin,
    bucket,
    ...(region !== undefined && { region }),
    ...(pathStyle === false && { pathStyle }),
  };
}

function toDemands({ sha256, sha512, checksums, signature, check }: DemandsEntry): FileDemands {
  const demands: FileDemands = {
    ...(sha256 !== undefined && { sha256: digestFromHex(hexOf(sha256, 'sha256', 64)) }),
    ...(sha512 !== undefined && { sha512: hexOf(sha512, 'sha512', 128) }),
    ...(checksums !== undefined && { checksums: toChecksums(checksums) }),
    ...(signature !== undefined && { signature: toSignature(signature) }),
    ...(check !== undefined && { check }),
  };
  if (Object.keys(demands).length > 0) return demands;
  throw entryProblem(
    'nothing says what the file must be: give "sha256", "sha512", "checksums", "signature" or "check: first-seen"',
    'as',
  );
}

function toChecksums({ name, signature, ...at }: ChecksumsEntry): ChecksumsDemand {
  return {
    ...toPlace(at, 'checksums'),
    ...(name !== undefined && { name }),
    ...(signature !== undefined && { signature: toSignature(signature) }),
  };
}

function toSignature(entry: SignatureEntry): FileSignatureDemand {
  return { ...toPlace(entry, 'signature'), ...toSigner(entry) };
}

function toSigner({ key, keyring, minisign = '' }: SignatureEntry): FileSigner {
  if (key !== undefined) return { key };
  return keyring === undefined ? { minisign } : { keyring };
}

function toPlace({ url, path = '' }: PlaceEntry, member: string): FilePlace {
  return url === undefined ? { path } : { url: webUrl(url, member) };
}

function hexOf(text: string, algorithm: 'sha256' | 'sha512', digits: number): string {
  const bare = text.replace(`${algorithm}:`, '').toLowerCase();
  if (new RegExp(`^[0-9a-f]{${digits}}$`).test(bare)) return bare;
  throw entryProblem(`"${text.slice(0, 140)}" is not a ${algorithm} (${digits} hex digits)`, algorithm);
}

/** `{name}`: the last part of the URL's path. */
function filled(as: string, url: string): string {
  const unknown = unknownInTemplate(as, ['name']);
  if (unknown !== undefined) throw entryProblem(`"as" has ${unknown}: known is {name}`, 'as');
  const name = nameInUrl(url);
  if (name === '' && as.includes('{name}'))
    throw entryProblem('the URL has no file name: write the name in "as"', 'as');
  return fillTemplate(as, { name });
}
