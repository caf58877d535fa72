import { fileItem, fileManifest, imageItem, wholeManifest } from './manifest-content.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');
const UPDATED = '2026-03-10T06:00:00Z';
const DAILY = { kind: 'clamav-db', updated: UPDATED, maxAge: 604_800 };

/** Manifests that say how old content is. */
export function manifestDatedVectors(): Vector[] {
  const wrong = (name: string, why: string, content: unknown, says: readonly string[] = []) =>
    refused(name, why, withContent(content), 'MANIFEST_INVALID', says);
  return [
    {
      name: 'good-content',
      files: { 'manifest.json': withContent(DAILY, ['clamav']) },
      expect: {
        why: 'a database of ClamAV with its date, and ClamAV signed it',
        accept: true,
        result: { items: [{ ...fileItem(), checked: ['clamav'], content: DAILY }] },
      },
    },
    {
      name: 'good-content-image',
      files: { 'manifest.json': withImage({ kind: 'trivy-db', updated: UPDATED }) },
      expect: {
        why: 'a database in an OCI artifact that may have any age',
        accept: true,
        result: { items: [{}, {}, {}, { ...imageItem(), content: { kind: 'trivy-db', updated: UPDATED } }] },
      },
    },
    refused(
      'content-file-on-image',
      'a database of files as an image',
      withImage(DAILY),
      'MANIFEST_INVALID',
      ['clamav-db is no image'],
    ),
    wrong('content-image-on-file', 'a database of images as a file', { kind: 'trivy-db', updated: UPDATED }, [
      'trivy-db is no file',
    ]),
    wrong('content-unknown-kind', 'content of a kind that this version does not know', {
      ...DAILY,
      kind: 'snort',
    }),
    wrong('content-undated', 'content without a date', { kind: 'clamav-db' }),
    wrong('content-fraction', 'a date with a fraction of a second', {
      ...DAILY,
      updated: '2026-03-10T06:00:00.5Z',
    }),
    wrong('content-zone', 'a date that is not in UTC', { ...DAILY, updated: '2026-03-10T06:00:00+01:00' }),
    wrong('content-no-date', 'a date that is none', { ...DAILY, updated: '2026-02-30T06:00:00Z' }),
    wrong('content-no-age', 'an age of nothing', { ...DAILY, maxAge: 0 }),
    wrong('content-unknown-member', 'a member that is not known', { ...DAILY, unsigned: true }),
    refused(
      'content-signed-undated',
      'a signature of ClamAV on what is none of its databases',
      sortedJson(fileManifest((item) => Object.assign(item, { checked: ['clamav'] }))),
      'MANIFEST_INVALID',
      ['signature of ClamAV'],
    ),
  ];
}

function withContent(content: unknown, checked: readonly unknown[] = []): string {
  return sortedJson(fileManifest((item) => Object.assign(item, { content, checked })));
}

function withImage(content: unknown): string {
  const manifest = wholeManifest();
  const image = manifest.items.find(({ kind }) => kind === 'image');
  return sortedJson({
    ...manifest,
    items: [...manifest.items.filter((item) => item !== image), { ...image, content }],
  });
}
