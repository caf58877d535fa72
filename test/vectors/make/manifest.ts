import { manifestAboutVectors } from './about.ts';
import { manifestAttachmentVectors } from './manifest-attachments.ts';
import {
  blobOf,
  descriptorOf,
  fileItem,
  fileManifest,
  gitItem,
  imageItem,
  type LooseItem,
  type LooseManifest,
  OCI_INDEX,
  OCI_MANIFEST,
  sortedBlobs,
  wholeManifest,
} from './manifest-content.ts';
import { manifestDatedVectors } from './manifest-dated.ts';
import { manifestDirectoryVectors } from './manifest-directories.ts';
import { manifestFileCheckVectors } from './manifest-file-checks.ts';
import { manifestLfsVectors } from './manifest-lfs.ts';
import { manifestNamedByVectors } from './manifest-named-by.ts';
import { manifestShallowVectors } from './manifest-shallow.ts';
import { manifestSignedVectors } from './manifest-signed.ts';
import { digest } from './openssl.ts';
import { sortedJson, type Vector } from './vector.ts';

export function manifestVectors(): Vector[] {
  return [
    ...goodManifests(),
    ...hostileBytes(),
    ...wrongShapes(),
    ...wrongLists(),
    ...wrongClosure(),
    ...wrongNames(),
    ...wrongItems(),
    ...wrongRefs(),
    ...manifestAttachmentVectors(),
    ...manifestNamedByVectors(),
    ...manifestDirectoryVectors(),
    ...manifestFileCheckVectors(),
    ...manifestDatedVectors(),
    ...manifestLfsVectors(),
    ...manifestShallowVectors(),
    ...manifestAboutVectors(),
    ...manifestSignedVectors(),
  ];
}

function goodManifests(): Vector[] {
  const list = Array.from({ length: 1001 }, (_, i) => ({
    name: `refs/heads/b${String(i).padStart(4, '0')}`,
    oid: 'a'.repeat(40),
  }));
  const refList = {
    mediaType: 'application/json',
    digest: digest(sortedJson(list)),
    size: sortedJson(list).length,
  };
  return [
    good('good', 'one item of every kind', wholeManifest(), {
      bundle: 'line-a',
      items: [{ kind: 'chart' }, { kind: 'file' }, { kind: 'git' }, { kind: 'image' }],
    }),
    good('good-empty', 'a release with nothing in it', {
      ...wholeManifest(),
      blobs: [],
      items: [],
      platforms: [],
    }),
    good(
      'good-filtered-index',
      'an index made by a platform filter, with the upstream index kept beside it',
      filteredIndex((item) => item),
      { items: [{ upstreamIndex: descriptorOf('index', OCI_INDEX) }] },
    ),
    good(
      'good-ref-list',
      '1,001 refs stand in a blob named by digest',
      onlyGit(
        (item) => Object.assign(item, { refs: { list: refList }, blobs: [refList.digest], head: undefined }),
        [{ digest: refList.digest, size: refList.size }],
      ),
    ),
    good('good-insecure', 'hosts that were spoken to without TLS are named', {
      ...wholeManifest(),
      insecure: ['registry.example.org:5000'],
    }),
  ];
}

function hostileBytes(): Vector[] {
  const json = sortedJson(wholeManifest());
  return [
    refused(
      'changed-byte',
      'one changed digit in a digest of an item',
      json.replace(
        /("blobs":\["sha256:)(.)/,
        (_all, before: string, digit: string) => before + (digit === '0' ? '1' : '0'),
      ),
      'MANIFEST_INVALID',
    ),
    refused('truncated', 'the last byte is missing', json.slice(0, -1)),
    refused('empty', 'no byte at all', ''),
    refused('trailing-newline', 'a newline after the end', `${json}\n`),
    refused('trailing-bytes', 'a second document after the end', `${json}{}`),
    refused('not-sorted', 'members in another order', JSON.stringify(wholeManifest())),
    refused('spaces', 'spaces between members', JSON.stringify(JSON.parse(json), undefined, 1)),
    refused(
      'duplicate-member',
      'a member that occurs twice',
      json.replace('"bundle":"line-a"', '"bundle":"line-b","bundle":"line-a"'),
    ),
    refused(
      'proto-member',
      'a member __proto__',
      json.replace('{', '{"__proto__":{"format":"gapferry.manifest/1"},'),
    ),
    refused(
      'constructor-member',
      'a member constructor',
      json.replace('"bundle":', '"bundle":"line-a","constructor":'),
    ),
    refused('byte-order-mark', 'a byte order mark', `\ufeff${json}`),
    refused(
      'deep',
      'thirteen levels',
      json.replace('"platforms":[', `"platforms":[${'['.repeat(12)}${']'.repeat(12)},`),
      'LIMIT_EXCEEDED',
    ),
    {
      name: 'oversized',
      files: { 'manifest.json': json },
      expect: {
        why: 'one byte over 16 MiB',
        refuse: 'LIMIT_EXCEEDED',
        generate: { file: 'manifest.json', fill: ' ', size: 33_554_433 },
      },
    },
    refused('not-an-object', 'a list instead of an object', `[${json}]`, 'FORMAT_UNKNOWN'),
  ];
}

function wrongShapes(): Vector[] {
  const whole = (change: object): string => sortedJson({ ...wholeManifest(), ...change });
  return [
    refused(
      'unknown-major',
      'a format of the future',
      whole({ format: 'gapferry.manifest/2' }),
      'FORMAT_UNKNOWN',
      ['gapferry.manifest/2', 'gapferry.manifest/1'],
    ),
    refused(
      'other-document',
      'a packs.json in its place',
      '{"format":"gapferry.packs/1","items":[]}',
      'FORMAT_UNKNOWN',
    ),
    refused('no-format', 'no member format', whole({ format: undefined }), 'FORMAT_UNKNOWN'),
    invalid('unknown-member', 'a member this version does not know', whole({ note: 'x' }), ['note']),
    invalid(
      'unknown-kind',
      'an item of another kind',
      changed((m) => Object.assign(last(m), { kind: 'model' })),
    ),
    invalid('bundle-name-escapes', 'a bundle name that is a path', whole({ bundle: '../line-a' }), [
      'bundle',
    ]),
    invalid('version-escapes', 'a version that is a path', whole({ version: '../1' }), ['version']),
    invalid('size-negative', 'a size below zero', sized(-1)),
    invalid('size-fraction', 'half a byte', sized(16.5)),
    invalid('size-too-large', '2^53 bytes', sized(9007199254740992)),
    invalid('size-text', 'a size in quotes', sized('16')),
    invalid(
      'digest-upper-case',
      'a digest in upper case',
      changed((m) =>
        m.blobs.map((blob) =>
          Object.assign(blob, { digest: `sha256:${blob.digest.slice(7).toUpperCase()}` }),
        ),
      ),
    ),
    invalid(
      'digest-sha512',
      'another algorithm',
      changed((m) => Object.assign(m.blobs[0] ?? {}, { digest: `sha512:${'a'.repeat(128)}` })),
    ),
    invalid(
      'platform-unsorted',
      'platforms out of order',
      whole({ platforms: ['linux/arm64', 'linux/amd64'] }),
      ['linux/amd64'],
    ),
  ];
}

function wrongLists(): Vector[] {
  return [
    invalid(
      'size-lie',
      'an item gives its root another size than the list of blobs',
      changed((m) => Object.assign(last(m)['root'] as object, { size: 7 })),
      ['image docker.io/library/nginx:1.27.3'],
    ),
    invalid(
      'digest-swapped',
      'the roots of two items change places',
      changed((m) => {
        const [chart, file] = m.items;
        if (chart && file) [chart['root'], file['root']] = [file['root'], chart['root']];
      }),
      ['chart charts.example.org/stable/nginx:4.11.3'],
    ),
    invalid(
      'duplicate-item',
      'an item stands in it twice',
      changed((m) => m.items.push(imageItem())),
      ['duplicate item'],
    ),
    invalid(
      'duplicate-blob',
      'a blob stands in it twice',
      changed((m) => m.blobs.splice(0, 0, { ...(m.blobs[0] ?? blobOf('file')) })),
      ['duplicate blob'],
    ),
    invalid(
      'duplicate-blob-other-size',
      'a blob stands in it twice, with two sizes',
      changed((m) => m.blobs.splice(0, 0, { ...(m.blobs[0] ?? blobOf('file')), size: 1 })),
    ),
    invalid(
      'items-out-of-order',
      'items in another order',
      changed((m) => m.items.reverse()),
      ['out of order'],
    ),
    invalid(
      'blobs-out-of-order',
      'blobs in another order',
      changed((m) => m.blobs.reverse()),
      ['out of order'],
    ),
    invalid(
      'item-blobs-out-of-order',
      'the blobs of an item in another order',
      changed((m) => last(m).blobs.reverse()),
      ['out of order'],
    ),
  ];
}

function wrongClosure(): Vector[] {
  return [
    invalid(
      'blob-unnamed',
      'a blob that no item names',
      changed((m) => {
        m.blobs = sortedBlobs([...m.blobs, { digest: digest('stowaway'), size: 8 }]);
      }),
      [digest('stowaway'), 'belongs to no item'],
    ),
    invalid(
      'blob-missing',
      'an item needs a blob that is not in the list',
      changed((m) => {
        m.blobs = m.blobs.filter((blob) => blob.digest !== blobOf('layer').digest);
      }),
      ['image docker.io/library/nginx:1.27.3', blobOf('layer').digest],
    ),
    invalid(
      'root-unlisted',
      'an item that does not list its own root',
      changed((m) => {
        last(m).blobs = last(m).blobs.filter((name) => name !== blobOf('index').digest);
      }),
    ),
    invalid(
      'sizes-overflow',
      'sizes that add up to more than can be counted',
      changed((m) =>
        m.blobs
          .filter((blob) => [blobOf('layer').digest, blobOf('config').digest].includes(blob.digest))
          .map((blob) => Object.assign(blob, { size: 9007199254740991 })),
      ),
    ),
  ];
}

function wrongNames(): Vector[] {
  const named = (name: string, why: string, id: string): Vector =>
    invalid(`name-${name}`, why, sortedJson(fileManifest((item) => Object.assign(item, { id }))), ['file ']);
  return [
    named('escapes', 'a file that climbs out of its directory', '../../etc/cron.d/job'),
    named('escapes-inside', 'a file that climbs out from inside', 'k3s/../../job'),
    named('absolute', 'an absolute path', '/etc/passwd'),
    named('backslash', 'a path with backslashes', 'k3s\\..\\job'),
    named('drive', 'a path with a drive letter', 'c:/job'),
    named('device', 'a DOS device name', 'k3s/con.txt'),
    named('trailing-dot', 'a part that ends with a dot', 'k3s./job'),
    named('trailing-space', 'a part that ends with a space', 'k3s /job'),
    named('empty-part', 'an empty part', 'k3s//job'),
    named('control-character', 'a control character', 'k3s/\u001b[2Jjob'),
    named('nul', 'a NUL character', 'k3s\u0000'),
    named('not-nfc', 'a name that is not in normal form C', 'k3s/u\u0308ber'),
    named('long-part', 'a part of 256 bytes', 'x'.repeat(256)),
    named('stream', 'an NTFS stream', 'k3s:stream'),
    named('device-blank', 'a device name of DOS with a blank behind it', 'nul .txt'),
    named('turned', 'a control character that turns the direction of text', 'k3s\u202egpj.exe'),
    named('unseen', 'a name of which nothing is seen', '\u200b'),
    invalid(
      'name-case-collision',
      'two files whose names differ in case only',
      twoFiles('k3s/K3S', 'k3s/k3s'),
      ['k3s/K3S', 'k3s/k3s'],
    ),
    invalid(
      'name-fold-collision',
      'two files whose names differ in the case of a letter that has two lower ones',
      twoFiles('ΟΔΟΣ', 'οδοσ'),
      ['ΟΔΟΣ', 'οδοσ'],
    ),
    invalid(
      'name-unseen-collision',
      'two files whose names differ in a character that is not seen',
      twoFiles('k3s', 'k3s\u200d'),
      ['same name'],
    ),
    invalid('name-nested', 'a file in whose place another needs a directory', twoFiles('k3s', 'k3s/k3s'), [
      'inside',
    ]),
    invalid(
      'git-name-escapes',
      'a repository that climbs out',
      changed(() => onlyGit((item) => Object.assign(item, { id: 'git.example.org/../config' }))),
    ),
    invalid(
      'chart-name-escapes',
      'a chart that climbs out',
      changed((m) => Object.assign(m.items[0] ?? {}, { id: 'charts.example.org/../nginx:4.11.3' })),
    ),
  ];
}

function wrongItems(): Vector[] {
  return [
    invalid(
      'image-no-reference',
      'an image whose name is no reference',
      changed((m) => Object.assign(last(m), { id: 'docker.io/Library/nginx:1' })),
    ),
    invalid(
      'image-short-name',
      'an image whose name leaves out the registry',
      changed((m) => Object.assign(last(m), { id: 'nginx:1.27.3' })),
      ['image nginx:1.27.3'],
    ),
    invalid(
      'image-root-media-type',
      'an image whose root is a layer',
      changed((m) =>
        Object.assign(last(m)['root'] as object, {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        }),
      ),
    ),
    invalid(
      'image-changed-without-record',
      'a root that upstream did not serve, without the upstream index',
      changed((m) => Object.assign(last(m), { upstream: digest('other') })),
    ),
    invalid(
      'image-digest-elsewhere',
      'an image pinned by a digest that upstream did not serve',
      changed((m) => Object.assign(last(m), { id: `docker.io/library/nginx@${digest('other')}` })),
    ),
    invalid(
      'image-wrong-record',
      'an upstream index that upstream did not serve',
      changed(() => filteredIndex((item) => Object.assign(item, { upstream: digest('other') }))),
    ),
    invalid(
      'chart-version',
      'a chart whose name says another version',
      changed((m) => Object.assign(m.items[0] ?? {}, { version: '4.11.4' })),
    ),
    invalid(
      'chart-root-media-type',
      'a chart whose root is an index',
      changed((m) => Object.assign(chartRoot(m), { mediaType: OCI_INDEX })),
    ),
    invalid(
      'file-two-blobs',
      'a file with two blobs',
      changed((m) =>
        Object.assign(m.items[1] ?? {}, { blobs: [blobOf('file').digest, blobOf('layer').digest].sort() }),
      ),
    ),
    invalid(
      'item-without-blobs',
      'an image without blobs',
      changed((m) => Object.assign(last(m), { blobs: [] })),
    ),
  ];
}

function wrongRefs(): Vector[] {
  const git = (
    name: string,
    why: string,
    change: (item: LooseItem, refs: Record<string, unknown>[]) => unknown,
  ): Vector =>
    invalid(
      name,
      why,
      changed(() => onlyGit((item) => change(item, item['refs'] as Record<string, unknown>[]))),
    );
  return [
    git('refs-out-of-order', 'refs in another order', (_item, refs) => refs.reverse()),
    git('refs-duplicate', 'a ref stands in it twice', (_item, refs) => refs.unshift({ ...refs[0] })),
    git('ref-name-at', 'a branch that Git reads as HEAD', (_item, refs) =>
      Object.assign(refs[0] ?? {}, { name: 'refs/heads/@' }),
    ),
    git('ref-folder', 'a ref that is a folder of another', (_item, refs) =>
      refs.splice(
        0,
        refs.length,
        ...['refs/heads/a', 'refs/heads/a/b'].map((name) => ({ ...refs[0], name })),
      ),
    ),
    git('ref-name-escapes', 'a ref that climbs out', (_item, refs) =>
      Object.assign(refs[0] ?? {}, { name: 'refs/heads/../../config' }),
    ),
    git('ref-name-option', 'a ref that looks like an option', (_item, refs) =>
      Object.assign(refs[0] ?? {}, { name: 'refs/heads/--upload-pack=x' }),
    ),
    git('ref-name-elsewhere', 'a ref that is neither branch nor tag', (_item, refs) =>
      Object.assign(refs[0] ?? {}, { name: 'refs/replace/1f6f' }),
    ),
    git('ref-oid-short', 'an object id that is cut', (_item, refs) =>
      Object.assign(refs[0] ?? {}, { oid: '1f6f4f1' }),
    ),
    git('ref-oid-format', 'sha1 object ids in a sha256 repository', (item) =>
      Object.assign(item, { objectFormat: 'sha256' }),
    ),
    invalid(
      'git-blob-unneeded',
      'a blob for a repository whose refs are in line',
      changed(() =>
        onlyGit((item) => Object.assign(item, { blobs: [blobOf('file').digest] }), [blobOf('file')]),
      ),
      ['although its refs are in line'],
    ),
    git('head-elsewhere', 'a HEAD that is not one of the refs', (item) =>
      Object.assign(item, { head: 'refs/heads/other' }),
    ),
    git('refs-too-many', '1,001 refs in line', (item) =>
      Object.assign(item, {
        refs: Array.from({ length: 1001 }, (_, i) => ({
          name: `refs/heads/b${String(i).padStart(4, '0')}`,
          oid: 'a'.repeat(40),
        })),
        head: undefined,
      }),
    ),
  ];
}

function filteredIndex(change: (item: LooseItem) => LooseItem): LooseManifest {
  const item = {
    ...imageItem(),
    root: descriptorOf('manifest', OCI_MANIFEST),
    upstreamIndex: descriptorOf('index', OCI_INDEX),
  };
  return {
    ...wholeManifest(),
    blobs: sortedBlobs((['index', 'manifest', 'config', 'layer'] as const).map(blobOf)),
    items: [change(item)],
  };
}

function onlyGit(
  change: (item: LooseItem) => unknown,
  blobs: { digest: string; size: number }[] = [],
): LooseManifest {
  const item = gitItem();
  change(item);
  return { ...wholeManifest(), blobs, items: [item] };
}

function twoFiles(first: string, second: string): string {
  return sortedJson({
    ...fileManifest(),
    items: [
      { ...fileItem(), id: first },
      { ...fileItem(), id: second },
    ],
  });
}

function chartRoot(manifest: LooseManifest): object {
  return manifest.items[0]?.['root'] as object;
}

function last(manifest: LooseManifest): LooseItem {
  const item = manifest.items.at(-1);
  if (item === undefined) throw new Error('the manifest has no items');
  return item;
}

function sized(size: unknown): string {
  return changed((manifest) => Object.assign(manifest.blobs[0] ?? {}, { size }));
}

/** The whole manifest after a change, or the manifest that the change returns in its place. */
function changed(change: (manifest: LooseManifest) => unknown): string {
  const manifest = wholeManifest();
  const other = change(manifest);
  return sortedJson(isManifest(other) ? other : manifest);
}

function isManifest(value: unknown): value is LooseManifest {
  return value !== null && typeof value === 'object' && 'format' in value;
}

function good(name: string, why: string, manifest: LooseManifest, result: unknown = {}): Vector {
  return { name, files: { 'manifest.json': sortedJson(manifest) }, expect: { why, accept: true, result } };
}

function refused(
  name: string,
  why: string,
  bytes: string,
  refuse = 'JSON_INVALID',
  says: readonly string[] = [],
): Vector {
  return {
    name,
    files: { 'manifest.json': bytes },
    expect: { why, refuse, ...(says.length > 0 && { says }) },
  };
}

function invalid(name: string, why: string, bytes: string, says: readonly string[] = []): Vector {
  return refused(name, why, bytes, 'MANIFEST_INVALID', says);
}
