import {
  fileItem,
  fileManifest,
  type LooseItem,
  type LooseManifest,
  wholeManifest,
} from './manifest-content.ts';
import { digest } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');

interface LooseFile {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly executable?: boolean;
}

const fileOf = (path: string, text = path): LooseFile => ({ path, digest: digest(text), size: text.length });
const FILES: readonly LooseFile[] = [
  { ...fileOf('bin/run', 'content of run'), executable: true },
  fileOf('doc/a', 'content of doc'),
  fileOf('doc/b', 'content of doc'),
];

/** Manifests with a directory of files in the place of the file. */
export function manifestDirectoryVectors(): Vector[] {
  const wrong = (name: string, why: string, given: Given, says: readonly string[] = []): Vector =>
    refused(name, why, withDirectory(given), 'MANIFEST_INVALID', says);
  const list = listOf(FILES);
  return [
    good('good-directory', 'a directory of three files, of which two have the same bytes', { files: FILES }),
    good('good-directory-list', 'the list of the files is a blob itself', {
      files: { list },
      blobs: [...FILES, list],
    }),
    ...datedDirectories(),
    wrong('directory-without-slash', 'a directory whose id is that of a file', { files: FILES, id: 'kit' }, [
      'ends with /',
    ]),
    wrong('directory-empty', 'a directory without files', { files: [], blobs: FILES }),
    wrong('directory-and-root', 'a directory and a file at once', {
      files: FILES,
      more: { root: fileItem()['root'] },
    }),
    wrong('directory-out-of-order', 'files out of order', { files: [...FILES].reverse() }, ['out of order']),
    wrong('directory-file-twice', 'the same file twice', { files: [fileOf('a'), fileOf('a')] }, ['twice']),
    wrong('directory-escapes', 'a file outside', { files: [fileOf('../passwd')] }, ['not safe']),
    wrong('directory-absolute', 'a file from the root', { files: [fileOf('/etc/passwd')] }, ['not safe']),
    wrong(
      'directory-device-name',
      'a file that Windows takes for a device',
      { files: [fileOf('a/Con.txt')] },
      ['not safe'],
    ),
    wrong('directory-trailing-dot', 'a name that Windows cuts', { files: [fileOf('a.')] }, ['not safe']),
    wrong('directory-not-nfc', 'a name that is not in normal form', { files: [fileOf('u\u0308')] }, [
      'not safe',
    ]),
    wrong(
      'directory-case',
      'two files that are one where case does not count',
      { files: [fileOf('README'), fileOf('readme')] },
      ['same name'],
    ),
    wrong(
      'directory-case-above',
      'two directories that are one where case does not count',
      { files: [fileOf('Bin/a'), fileOf('bin/b')] },
      ['same name'],
    ),
    wrong('directory-in-file', 'a file inside a file', { files: [fileOf('a'), fileOf('a/b')] }, ['both']),
    wrong(
      'directory-unlisted',
      'a file that is no blob of the item',
      { files: FILES, blobs: [fileOf('x')] },
      ['does not list'],
    ),
    wrong(
      'directory-size-lie',
      'a file of another size than the list of blobs says',
      { files: [{ ...fileOf('a'), size: 7 }], blobs: [fileOf('a')] },
      ['7 bytes'],
    ),
    wrong(
      'directory-blob-unneeded',
      'a blob that no file is',
      { files: [fileOf('a')], blobs: [fileOf('a'), fileOf('x')] },
      ['no file'],
    ),
    wrong('directory-list-unlisted', 'a list of files that is no blob', { files: { list }, blobs: FILES }, [
      'does not list',
    ]),
    wrong(
      'directory-lists-too-long',
      'lists of files that are longer than those of a whole release may be',
      { files: { list: { ...list, size: 134_217_729 } }, blobs: [...FILES, { ...list, size: 134_217_729 }] },
      ['add up'],
    ),
    wrong('directory-mode', 'a mode besides the one bit', {
      files: [{ ...fileOf('a'), mode: 493 } as LooseFile],
    }),
    wrong('directory-not-executable', 'what is usual is not written', {
      files: [{ ...fileOf('a'), executable: false }],
    }),
    wrong('directory-too-many', '1,001 files in line', {
      files: Array.from({ length: 1001 }, (_, at) => fileOf(`f${String(at).padStart(4, '0')}`, 'same')),
    }),
  ];
}

/** A repository of packages is the one directory that has a date. */
function datedDirectories(): Vector[] {
  const content = { kind: 'apt', updated: '2026-03-10T06:00:00Z', until: '2026-03-17T06:00:00Z' };
  const dated = (name: string, why: string, more: object, says: readonly string[] = []): Vector =>
    refused(name, why, withDirectory({ files: FILES, more }), 'MANIFEST_INVALID', says);
  return [
    {
      name: 'good-content-directory',
      files: { 'manifest.json': withDirectory({ files: FILES, more: { content } }) },
      expect: {
        why: 'a repository of packages, of when it is and until when it is good',
        accept: true,
        result: { items: [{}, { content }, {}, {}] },
      },
    },
    dated(
      'content-file-on-directory',
      'a database of files as a directory',
      { content: { kind: 'clamav-db', updated: content.updated } },
      ['clamav-db is no directory'],
    ),
    dated('content-until-no-date', 'an end that is none', { content: { ...content, until: 'tomorrow' } }),
    refused(
      'content-directory-on-file',
      'a repository as one file',
      sortedJson(fileManifest((item) => Object.assign(item, { content }))),
      'MANIFEST_INVALID',
      ['apt is a directory'],
    ),
  ];
}

interface Given {
  readonly files: readonly LooseFile[] | { readonly list: Blob };
  /** Those of `files` unless given. */
  readonly blobs?: readonly Blob[];
  readonly id?: string;
  readonly more?: object;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

function withDirectory({ files, blobs = 'list' in files ? [] : files, id = 'kit/', more }: Given): string {
  const { root: _, ...item } = fileItem();
  const own = new Map(blobs.map(({ digest: of, size }) => [of, { digest: of, size }]));
  const manifest: LooseManifest = wholeManifest();
  const file = manifest.items.find(({ kind }) => kind === 'file');
  const items = manifest.items.map(
    (one): LooseItem =>
      one === file
        ? { ...item, id, blobs: [...own.keys()].sort(), files, source: 'local', checked: [], ...more }
        : one,
  );
  const others = manifest.blobs.filter((blob) => !file?.blobs.includes(blob.digest));
  const all = [...others, ...own.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return sortedJson({ ...manifest, blobs: all, items });
}

function listOf(files: readonly LooseFile[]) {
  const text = sortedJson(files);
  return { mediaType: 'application/json', digest: digest(text), size: text.length };
}

function good(name: string, why: string, given: Given): Vector {
  return {
    name,
    files: { 'manifest.json': withDirectory(given) },
    expect: { why, accept: true, result: { items: [{}, { kind: 'file', id: 'kit/' }, {}, {}] } },
  };
}
