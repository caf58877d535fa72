import {
  type AssetPlace,
  type FileSigner,
  fillTemplate,
  type ReleaseFileWish,
  unknownInTemplate,
} from '@gapferry/core';
import { validRange } from 'semver';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryPath, entryText, sortedUnique } from './entry-schemas.ts';
import { safeName } from './safe-name.ts';
import { folderUrl } from './web-url.ts';

/** Assets of the newest release in a range. */
export interface ReleaseFileEntry {
  readonly release: { readonly url: string; readonly version: string; readonly assets: readonly string[] };
  readonly as: string;
  readonly checksums?: { readonly asset: string; readonly signature?: AssetSigner | undefined } | undefined;
  readonly signature?: AssetSigner | undefined;
  readonly check?: 'first-seen' | undefined;
}

interface AssetSigner extends AssetPlace {
  readonly key?: string | undefined;
  readonly keyring?: string | undefined;
  readonly minisign?: string | undefined;
}

const assetSigner: z.ZodType<AssetSigner> = z
  .strictObject({
    asset: entryText,
    key: entryPath.optional(),
    keyring: entryPath.optional(),
    minisign: entryText.optional(),
  })
  .refine((entry) => ['key', 'keyring', 'minisign'].filter((member) => member in entry).length === 1, {
    error: 'has one of "key", "keyring" and "minisign"',
  });

export const releaseEntry: z.ZodType<ReleaseFileEntry> = z.strictObject({
  release: z.strictObject({
    url: entryText,
    version: entryText.refine((range) => validRange(range) !== null, {
      error: ({ input }) => `"${String(input)}" is not a semver range, for example ~1.31 or >=2.1 <3`,
    }),
    assets: z.array(entryText).min(1).max(1000),
  }),
  as: entryText,
  checksums: z.strictObject({ asset: entryText, signature: assetSigner.optional() }).optional(),
  signature: assetSigner.optional(),
  check: z.literal('first-seen').optional(),
});

export function toReleaseWish({
  release,
  as,
  checksums,
  signature,
  check,
}: ReleaseFileEntry): ReleaseFileWish {
  if (checksums === undefined && signature === undefined && check === undefined)
    throw entryProblem(
      'nothing says what the files must be: give "checksums", "signature" or "check: first-seen"',
      'release',
    );
  return {
    kind: 'file',
    release: {
      url: folderUrl(release.url, 'release'),
      version: release.version,
      assets: sortedUnique(release.assets),
    },
    as: toTemplate(as),
    ...(checksums !== undefined && {
      checksums: {
        ...toAsset(checksums, 'checksums'),
        ...(checksums.signature !== undefined && { signature: toSigner(checksums.signature) }),
      },
    }),
    ...(signature !== undefined && { signature: toSigner(signature) }),
    ...(check !== undefined && { check }),
  };
}

/** Whether a name is safe shows when it is known; a template that never gives one is a mistake at once. */
function toTemplate(as: string): string {
  requireKnown(as, 'as');
  safeName(fillTemplate(as, { name: 'name', version: '1.0.0' }));
  if (as.includes('{name}')) return as;
  throw entryProblem('"as" needs {name}: a release may have several files that fit', 'as');
}

function toSigner(entry: AssetSigner): AssetPlace & FileSigner {
  const { key, keyring, minisign = '' } = entry;
  const signer = key !== undefined ? { key } : keyring !== undefined ? { keyring } : { minisign };
  return { ...toAsset(entry, 'signature'), ...signer };
}

function toAsset({ asset }: AssetPlace, member: string): AssetPlace {
  requireKnown(asset, member);
  if (asset.includes('/')) throw entryProblem(`"${asset}" is not the name of an asset`, member);
  return { asset };
}

function requireKnown(template: string, member: string): void {
  const unknown = unknownInTemplate(template, ['name', 'version']);
  if (unknown !== undefined)
    throw entryProblem(`"${template}" has ${unknown}: known are {name} and {version}`, member);
}
