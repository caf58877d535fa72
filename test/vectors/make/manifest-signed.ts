import {
  gitItem,
  imageItem,
  type LooseItem,
  type LooseManifest,
  sortedBlobs,
  wholeManifest,
} from './manifest-content.ts';
import { digest } from './openssl.ts';
import { signedObjects } from './signed-objects.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');

const LIST = sortedJson(signedObjects());
const SIGNED = {
  mediaType: 'application/vnd.gapferry.git.signed.v1+json',
  digest: digest(LIST),
  size: LIST.length,
};
const FINGERPRINT = '0123456789abcdef0123456789abcdef01234567';
const SSH = {
  by: 'git-ssh',
  key: 'SHA256:xxggiLSBB5vjpBWuLMtb05IZxSH04VlQtqDMDO++tSI',
  principal: 'ada@example.org',
  refs: ['refs/heads/main'],
};
const OPENPGP = { by: 'git-openpgp', fingerprint: FINGERPRINT, refs: ['refs/tags/v1.0'] };

/** Manifests with a repository whose tags and commits were checked. */
export function manifestSignedVectors(): Vector[] {
  return [
    {
      name: 'good-signed',
      files: { 'manifest.json': signed() },
      expect: {
        why: 'a repository of which one signer signed a branch, and another a tag',
        accept: true,
        result: {
          items: [
            {},
            {},
            { kind: 'git', checked: [OPENPGP, SSH], signed: SIGNED, blobs: [SIGNED.digest] },
            {},
          ],
        },
      },
    },
    wrong('signed-without-checked', 'signed tags and commits that nobody checked', { checked: undefined }, [
      'together',
    ]),
    wrong('checked-without-signed', 'checks without what was checked', { signed: undefined, blobs: [] }, [
      'together',
    ]),
    wrong('signed-unlisted', 'signed tags and commits that are no blob of the item', { blobs: [] }, [
      'does not list',
    ]),
    wrong('signed-size-lie', 'another size than the list of blobs says', { signed: { ...SIGNED, size: 7 } }, [
      '7 bytes',
    ]),
    wrong(
      'signed-ref-foreign',
      'a check of a ref that the item has not',
      check({ refs: ['refs/heads/other'] }),
      ['refs/heads/other'],
    ),
    wrong(
      'signed-refs-out-of-order',
      'refs that were checked, out of order',
      check({ refs: ['refs/tags/v1.0', 'refs/heads/main'] }),
    ),
    wrong(
      'signed-refs-twice',
      'a ref that was checked twice',
      check({ refs: ['refs/heads/main', 'refs/heads/main'] }),
    ),
    wrong('signed-refs-empty', 'a signer of nothing', check({ refs: [] })),
    wrong('signed-out-of-order', 'signers out of order', { checked: [SSH, OPENPGP] }, ['not sorted']),
    wrong(
      'signed-signer-twice',
      'a signer that stands there twice',
      { checked: [SSH, { ...SSH, refs: ['refs/tags/v1.0'] }] },
      ['twice'],
    ),
    wrong('signed-checked-empty', 'checks of nobody', { checked: [] }),
    wrong('signed-md5', 'the fingerprint of an SSH key in its older form', check({ key: 'MD5:ab:cd' }), [
      'ssh-keygen',
    ]),
    wrong('signed-key-id', 'the id of an OpenPGP key in the place of its fingerprint', {
      checked: [{ ...OPENPGP, fingerprint: FINGERPRINT.slice(-16) }],
    }),
    wrong('signed-cosign', 'a check that is none of repositories', {
      checked: [{ by: 'cosign-key', key: `sha256:${'0'.repeat(64)}` }],
    }),
    wrong('signed-unknown-member', 'a member this version does not know', check({ trust: 'full' })),
    {
      name: 'checked-git-on-image',
      files: {
        'manifest.json': sortedJson({
          ...wholeManifest(),
          items: wholeManifest().items.map((item) =>
            item.kind === 'image' ? { ...imageItem(), checked: [SSH] } : item,
          ),
        }),
      },
      expect: { why: 'a check of repositories on an image', refuse: 'MANIFEST_INVALID' },
    },
  ];
}

function check(change: object): Partial<LooseItem> {
  return { checked: [{ ...SSH, ...change }] };
}

function wrong(name: string, why: string, change: Partial<LooseItem>, says: readonly string[] = []): Vector {
  return refused(name, why, signed(change), 'MANIFEST_INVALID', says);
}

function signed(change: Partial<LooseItem> = {}): string {
  const manifest: LooseManifest = wholeManifest();
  const whole = { ...gitItem(), checked: [OPENPGP, SSH], signed: SIGNED, blobs: [SIGNED.digest], ...change };
  const item = Object.fromEntries(
    Object.entries(whole).filter(([, value]) => value !== undefined),
  ) as LooseItem;
  const isListed = item.blobs.length > 0;
  const { digest: named, size } = SIGNED;
  const blobs = isListed ? sortedBlobs([...manifest.blobs, { digest: named, size }]) : manifest.blobs;
  return sortedJson({
    ...manifest,
    blobs,
    items: manifest.items.map((one) => (one.kind === 'git' ? item : one)),
  });
}
