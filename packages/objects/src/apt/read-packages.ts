import {
  type Bytes,
  checkRun,
  type Digest,
  digestFromHex,
  GapferryError,
  type Run,
  readStanzas,
  type Stanza,
} from '@gapferry/core';

/** A package as an index lists it. */
export interface AptPackage {
  readonly name: string;
  readonly version: string;
  /** `all`: of every architecture. */
  readonly architecture: string;
  /** Below the repository's URL. */
  readonly path: string;
  readonly size: number;
  readonly sha256: Digest;
  /** Depends and Pre-Depends. */
  readonly depends: string;
  readonly provides: string;
}

/** Packages of all indexes of one repository. */
export const MAX_PACKAGES = 300_000;

const WANTED: ReadonlySet<string> = new Set([
  'package',
  'version',
  'architecture',
  'filename',
  'size',
  'sha256',
  'depends',
  'pre-depends',
  'provides',
]);

/** Reads an index, unpacked. `what`: the index, for messages. Throws `CONTENT_INVALID`, `LIMIT_EXCEEDED` over `limit` packages, and what reading throws. */
export async function readPackages(
  bytes: Bytes,
  what: string,
  limit: number,
  run: Run,
): Promise<AptPackage[]> {
  const packages: AptPackage[] = [];
  for await (const stanza of readStanzas(bytes, what, WANTED)) {
    if (packages.length % 1000 === 0) checkRun(run);
    if (packages.length >= limit)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `${what} and those before it list more than ${MAX_PACKAGES} packages`,
        origin: 'source',
      });
    packages.push(toPackage(stanza, what));
  }
  return packages;
}

function toPackage(stanza: Stanza, what: string): AptPackage {
  const field = (name: string, form: RegExp): string => {
    const value = stanza.get(name) ?? '';
    if (form.test(value)) return value;
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      message: `${what} lists ${stanza.get('package')?.slice(0, 100) ?? 'a package'} without a usable ${name}`,
      origin: 'source',
      data: { index: what, field: name },
    });
  };
  return {
    name: field('package', /^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$/),
    version: field('version', /^[0-9A-Za-z.+~:-]{1,200}$/),
    architecture: field('architecture', /^[a-z0-9][a-z0-9-]{0,50}$/),
    path: field('filename', /^[^\n]{1,1000}$/).replace(/^(?:\.\/)+/, ''),
    size: Number(field('size', /^\d{1,15}$/)),
    sha256: digestFromHex(field('sha256', /^[0-9a-f]{64}$/)),
    depends: [stanza.get('pre-depends') ?? '', stanza.get('depends') ?? ''].join(', '),
    provides: stanza.get('provides') ?? '',
  };
}
