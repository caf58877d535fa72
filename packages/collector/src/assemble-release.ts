import {
  type Assembly,
  assemble,
  type BundleConfig,
  encodeFileList,
  encodeLfsList,
  encodeRefList,
  MAX_INLINE_FILES,
  MAX_INLINE_LFS,
  MAX_INLINE_REFS,
  type Manifest,
  type Packs,
  parseFileList,
  parseManifest,
  parsePacks,
} from '@gapferry/bundle';
import {
  type BlobWriter,
  canonicalBytes,
  type Descriptor,
  type DirectoryHolding,
  type Holding,
  MEDIA_TYPES,
  type Run,
} from '@gapferry/core';

export interface AssembleRequest {
  readonly config: BundleConfig;
  readonly version: string;
  readonly holdings: readonly Holding[];
  /** Takes the lists that are too long for the manifest. */
  readonly store: BlobWriter;
  /** The number that the release gets. */
  readonly sequence: number;
}

/** What will be sealed, as data and as the bytes that are signed. */
export interface AssembledRelease {
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly packs: Packs | undefined;
  readonly packsBytes: Uint8Array | undefined;
}

/** Makes manifest and packs.json of what was fetched, and reads both back by the rules of the inside: what would be refused there is never sealed. Throws `MANIFEST_INVALID`, `LIMIT_EXCEEDED`. */
export async function assembleRelease(request: AssembleRequest, run: Run): Promise<AssembledRelease> {
  const { config, version, holdings, store, sequence } = request;
  run.emit({ kind: 'stage', stage: 'assemble', items: holdings.length });
  const lists = await storeLists(holdings, store, run);
  const { manifest, packs } = assemble({
    bundle: config.name,
    version,
    platforms: config.platforms,
    insecure: config.insecure,
    holdings,
    ...lists,
    sequence,
  });
  const manifestBytes = canonicalBytes(manifest);
  const packsBytes = packs === undefined ? undefined : canonicalBytes(packs);
  const read = parseManifest(manifestBytes, `the manifest of ${config.name} ${version}`);
  return {
    manifest: read,
    manifestBytes,
    packs: packsBytes === undefined ? undefined : parsePacks(packsBytes, read),
    packsBytes,
  };
}

function listOf({ pin, files }: DirectoryHolding): Uint8Array {
  const bytes = encodeFileList(files);
  parseFileList(bytes, pin.id, `the list of files of file ${pin.id}`);
  return bytes;
}

async function storeLists(
  holdings: readonly Holding[],
  store: BlobWriter,
  run: Run,
): Promise<Required<Pick<Assembly, 'refLists' | 'lfsLists' | 'fileLists'>>> {
  const refLists = new Map<string, Descriptor>();
  const lfsLists = new Map<string, Descriptor>();
  const fileLists = new Map<string, Descriptor>();
  for (const holding of holdings) {
    if (holding.kind === 'file' && 'files' in holding && holding.files.length > MAX_INLINE_FILES)
      fileLists.set(holding.pin.id, await store.add(MEDIA_TYPES.json, listOf(holding), run));
    if (holding.kind !== 'git') continue;
    const { id, refs, lfs = [] } = holding.pin;
    if (refs.length > MAX_INLINE_REFS)
      refLists.set(id, await store.add(MEDIA_TYPES.json, encodeRefList(refs), run));
    if (lfs.length > MAX_INLINE_LFS)
      lfsLists.set(id, await store.add(MEDIA_TYPES.json, encodeLfsList(lfs), run));
  }
  return { refLists, lfsLists, fileLists };
}
