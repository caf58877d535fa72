import { resolve } from 'node:path';
import {
  type ByteSource,
  type Bytes,
  type Descriptor,
  GapferryError,
  type ImagePlace,
  isGapferryError,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import type { LookUp } from '../attachments/find-attachments.ts';
import type { ImageContent } from '../image-content.ts';
import { lazyBytes } from '../lazy-bytes.ts';
import { parseManifestDocument, requireKnownType } from '../manifest-document.ts';
import { type AttachmentIndex, indexAttachments } from './attachment-index.ts';
import { chooseEntry } from './choose-entry.ts';
import type { UnpackLimits } from './compression.ts';
import type { LocalPlace } from './local-place.ts';
import { openPlace } from './open-place.ts';
import { readManifest, requireBlob } from './read-manifest.ts';

export interface LocalImagesOptions {
  /** Paths are relative to it: the directory of bundle.yaml. */
  readonly baseDirectory: string;
  /** A directory for archives that are unpacked before they are read; made when it is needed. Nothing stays in it. */
  readonly workDirectory: string;
  /** Default: 512 GiB, and 200 times the packed size from 1 GiB on. */
  readonly limits?: UnpackLimits;
}

/** Images in OCI layouts, OCI archives and `docker save` archives. A place is opened once, when it is asked for, and stays open until `close`. */
export interface LocalImages {
  /** `pinned`: the root that was found there once, for those who fetch it. */
  at(place: ImagePlace, pinned?: Descriptor): LocalImage;
  close(): Promise<void>;
}

/** One image of a place: what a registry answers, answered from there. */
export interface LocalImage extends ImageContent {
  /** What the place has under `select` now: an image or an index. Throws as `openPlace` and `chooseEntry`. */
  resolve(run: Run): Promise<Descriptor>;
  /** The bytes of a manifest or index, checked against digest, size and media type; at most 4 MiB. Throws `DIGEST_MISMATCH` for a pinned root that is not there any more. */
  manifest(descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** A blob's bytes from any offset, not checked: the writer checks. Emits `bytes` events. */
  blob(blob: SizedDigest, run: Run): ByteSource;
  /** What is there about a manifest. */
  readonly about: LookUp;
}

const DEFAULT_LIMITS: UnpackLimits = { unpacked: 512 * 2 ** 30, ratio: 200, ratioFrom: 2 ** 30 };

export function localImages(options: LocalImagesOptions): LocalImages {
  const opened = new Map<string, Promise<OpenedPlace>>();
  const open = (path: string, run: Run): Promise<OpenedPlace> => {
    const absolute = resolve(options.baseDirectory, path);
    const opening = opened.get(absolute) ?? openOnce(absolute, path, options, run);
    opened.set(absolute, opening);
    // Who asks after a failure gets an answer of his own.
    opening.catch(() => opened.get(absolute) === opening && opened.delete(absolute));
    return opening;
  };
  return {
    at: (place, pinned) => imageAt(place, pinned, (run) => open(place.path, run)),
    async close() {
      const places = await Promise.allSettled(opened.values());
      opened.clear();
      for (const place of places) if (place.status === 'fulfilled') await place.value.place.close();
    },
  };
}

interface OpenedPlace {
  readonly place: LocalPlace;
  attachments(run: Run): Promise<AttachmentIndex>;
}

async function openOnce(
  path: string,
  what: string,
  { workDirectory, limits = DEFAULT_LIMITS }: LocalImagesOptions,
  run: Run,
): Promise<OpenedPlace> {
  const place = await openPlace(path, what, { workDirectory, limits }, run);
  let attachments: Promise<AttachmentIndex> | undefined;
  return {
    place,
    attachments(inner) {
      attachments ??= indexAttachments(place, inner).catch((error: unknown) => {
        attachments = undefined;
        throw error;
      });
      return attachments;
    },
  };
}

function imageAt(
  { select }: ImagePlace,
  pinned: Descriptor | undefined,
  open: (run: Run) => Promise<OpenedPlace>,
): LocalImage {
  const choose = async (run: Run): Promise<Descriptor> => {
    const { place, attachments } = await open(run);
    const index = select === undefined && place.entries.length > 1 ? await attachments(run) : undefined;
    return chooseEntry(place, select, (entry) => index?.isAttachment(entry) ?? false, run);
  };
  return {
    async resolve(run) {
      const { place } = await open(run);
      const root = await choose(run);
      await readChecked(place, root, run);
      return root;
    },
    async manifest(descriptor, run) {
      const { place } = await open(run);
      if (descriptor.digest === pinned?.digest && (await place.find(pinned.digest, run)) === undefined)
        throw moved(place, select, pinned, await choose(run).catch(notChosen));
      return readChecked(place, descriptor, run);
    },
    blob: (blob, run) => (from) =>
      lazyBytes(async () => {
        const { place } = await open(run);
        const file = await requireBlob(place, blob, run);
        return told(file.open(run)(from), place.what, run);
      }),
    about: async (subject, run) => (await (await open(run)).attachments(run)).about(subject),
  };
}

async function readChecked(place: LocalPlace, descriptor: Descriptor, run: Run): Promise<Uint8Array> {
  const what = `${descriptor.digest} in ${place.what}`;
  requireKnownType(descriptor.mediaType, what);
  const bytes = await readManifest(place, descriptor, run);
  parseManifestDocument(bytes, descriptor.mediaType, what);
  return bytes;
}

async function* told(bytes: Bytes, item: string, run: Run): Bytes {
  for await (const chunk of bytes) {
    run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    yield chunk;
  }
}

/** That there is no such image any more is an answer too. */
function notChosen(error: unknown): undefined {
  if (isGapferryError(error, 'SOURCE_NOT_FOUND') || isGapferryError(error, 'REFERENCE_INVALID')) return;
  throw error;
}

function moved(
  place: LocalPlace,
  select: string | undefined,
  pinned: Descriptor,
  now: Descriptor | undefined,
): GapferryError {
  const under = select === undefined ? '' : ` under "${select}"`;
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${place.what} was changed: the lock has ${pinned.digest}, and it has ${now?.digest ?? 'no such image'}${under} now`,
    hint: 'bring the archive back that was there, or run without --locked to take what is there now',
    origin: 'source',
    data: { path: place.what, expected: pinned.digest, ...(now && { actual: now.digest }) },
  });
}
