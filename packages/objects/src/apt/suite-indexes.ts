import { type AptChoice, type AptRelease, GapferryError, printable, type SizedDigest } from '@gapferry/core';

/** An index of packages: of one component and architecture. */
export interface SuiteIndex extends SizedDigest {
  /** Below the suite, as the Release file names it. */
  readonly path: string;
  /** The same under its sha256, where the repository has that. */
  readonly byHash?: string;
  /** Bytes when it is unpacked, where the Release file says so. */
  readonly unpacked?: number;
}

/** The most bytes that one index may have as it lies there; that of Debian's main has 11 MB. */
export const INDEX_LIMIT = 134_217_728;

/** Which indexes there are for what was asked for, each in the forms that can be read: a Release file also names what is not there. What is for all architectures comes along where it stands apart alone. Throws `SOURCE_NOT_FOUND`, `CONTENT_INVALID`, `LIMIT_EXCEEDED`. */
export function suiteIndexes(release: AptRelease, apt: AptChoice, item: string): SuiteIndex[][] {
  return apt.components.flatMap((component) => {
    const asked = apt.architectures.map((architecture) => {
      const forms = formsOf(release, component, architecture);
      if (forms.length === 0) throw noIndex(release, component, architecture, item);
      return forms;
    });
    const isApart = release.allApart && !apt.architectures.includes('all');
    const shared = isApart ? formsOf(release, component, 'all') : [];
    return shared.length === 0 ? asked : [...asked, shared];
  });
}

/** In the order in which they are asked for. */
const FORMS = ['Packages.gz', 'Packages.xz', 'Packages'];

function formsOf({ files, byHash }: AptRelease, component: string, architecture: string): SuiteIndex[] {
  const folder = `${component}/binary-${architecture}`;
  const plain = files.get(`${folder}/Packages`);
  return FORMS.flatMap((name) => {
    const found = files.get(`${folder}/${name}`);
    if (found === undefined) return [];
    if (found.size > INDEX_LIMIT)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `${folder}/${name} has ${found.size} bytes; the limit is ${INDEX_LIMIT}`,
        origin: 'source',
      });
    return [
      {
        ...found,
        path: `${folder}/${name}`,
        ...(byHash && { byHash: `${folder}/by-hash/SHA256/${found.digest.slice('sha256:'.length)}` }),
        ...(plain !== undefined && { unpacked: plain.size }),
      },
    ];
  });
}

function noIndex(release: AptRelease, component: string, architecture: string, item: string): GapferryError {
  const folder = `${component}/binary-${architecture}`;
  const paths = [...release.files.keys()];
  const packed = paths.filter((path) => path.startsWith(`${folder}/Packages.`));
  if (packed.length > 0)
    return new GapferryError({
      code: 'CONTENT_INVALID',
      message: printable(`${item} has ${packed.join(', ')} only, and only gzip and xz can be unpacked`),
      hint: 'take a mirror that has Packages.gz or Packages.xz as well',
      origin: 'source',
      data: { item, packed },
    });
  const there = paths.flatMap(
    (path) => /^(.+)\/binary-([^/]+)\/Packages(?:\.[gx]z)?$/.exec(path)?.slice(1).join(' ') ?? [],
  );
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    message: printable(`${item} has no packages of component ${component} for ${architecture}`),
    hint: printable(
      `it has (component and architecture): ${[...new Set(there)].slice(0, 20).join(', ') || 'none'}`,
    ),
    origin: 'source',
    data: { item, component, architecture },
  });
}
