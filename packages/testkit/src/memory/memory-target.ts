import {
  type BlobReader,
  type ContentLoad,
  checkRun,
  type Descriptor,
  type Digest,
  fileState,
  GapferryError,
  hasLinks,
  isGapferryError,
  type Load,
  type LoadOutcome,
  type NameLoad,
  type NameState,
  type Presence,
  parseManifestLinks,
  quietRun,
  type Run,
  readVerified,
  requireSafePath,
  type SizedDigest,
  type Target,
  uniqueByDigest,
} from '@gapferry/core';
import { type MemoryBlobStore, memoryBlobStore } from './memory-blob-store.ts';

export interface MemoryTarget extends Target {
  /** Content that was loaded. */
  readonly store: MemoryBlobStore;
  /** Names that were set, `kind repository[:tag]` → what they stand for: change them to play another writer. */
  readonly names: Map<string, NameState>;
  /** Every load that changed something, in order: `content oci app`, `name git infra`. */
  readonly log: readonly string[];
}

/** A target in memory that keeps the rules of the port: idempotent, hashes what it is given, never replaces what the plan did not see,
 *  and sets no name whose content is missing. */
export function memoryTarget(name: string = 'memory'): MemoryTarget {
  const store = memoryBlobStore();
  const names = new Map<string, NameState>();
  const log: string[] = [];
  const state: State = { target: name, store, names, log, objects: new Set() };
  return {
    name,
    store,
    names,
    log,
    inspect: async (load, run) => {
      checkRun(run);
      return load.phase === 'content' ? inspectContent(state, load, run) : inspectName(state, load);
    },
    load: async (load, from, run) => {
      checkRun(run);
      return load.phase === 'content' ? loadContent(state, load, from, run) : loadName(state, load);
    },
    readBack: (load, run) => readBack(state, load, run),
  };
}

interface State {
  readonly target: string;
  readonly store: MemoryBlobStore;
  readonly names: Map<string, NameState>;
  readonly log: string[];
  /** `repository oid` of every Git object that a content load said its packs reach. */
  readonly objects: Set<string>;
}

function blobsOf(load: ContentLoad): readonly SizedDigest[] {
  if (load.kind === 'oci') return load.blobs;
  return load.kind === 'git' ? load.packs : uniqueByDigest(load.files.map(({ root }) => root));
}

async function inspectContent(state: State, load: ContentLoad, run: Run): Promise<Presence> {
  let missingBytes = 0;
  let missing = 0;
  for (const blob of blobsOf(load)) {
    if (await state.store.has(blob, run)) continue;
    missingBytes += blob.size;
    missing += 1;
  }
  return missing === 0 ? { state: 'same' } : { state: 'absent', missingBytes };
}

function inspectName(state: State, load: NameLoad): Presence {
  const there = thereFor(state, load);
  if (there === undefined) return { state: 'absent', missingBytes: 0 };
  return isSame(there, wantedState(load))
    ? { state: 'same' }
    : { state: 'different', there, missingBytes: 0 };
}

async function loadContent(
  state: State,
  load: ContentLoad,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  let bytes = 0;
  let loaded = false;
  for (const blob of blobsOf(load)) {
    const { reused } = await state.store.put(blob, (at) => dropFirst(from.open(blob, run), at), run);
    if (reused) continue;
    loaded = true;
    bytes += blob.size;
  }
  if (load.kind === 'git') for (const { oid } of load.refs) state.objects.add(`${load.repository} ${oid}`);
  if (!loaded) return { state: 'same', bytes: 0 };
  state.log.push(`content ${keyOf(load)}`);
  return { state: 'loaded', bytes };
}

/** A verified reader cannot seek: the beginning is read and dropped. */
async function* dropFirst(bytes: AsyncIterable<Uint8Array>, count: number): AsyncIterable<Uint8Array> {
  let skip = count;
  for await (const chunk of bytes) {
    if (skip < chunk.byteLength) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.byteLength);
  }
}

async function readBack(state: State, load: ContentLoad, run: Run): Promise<void> {
  try {
    for (const blob of blobsOf(load)) await readVerified(blob, state.store.open(blob, run));
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    const { code, data } = error;
    const message = `${load.item} in target ${state.target}: ${error.message}`;
    throw new GapferryError({ code, message, origin: 'target', data, cause: error });
  }
}

async function loadName(state: State, load: NameLoad): Promise<LoadOutcome> {
  if (load.kind === 'file') for (const { path } of load.files) requireSafePath(path, load.item);
  const there = thereFor(state, load);
  const wanted = wantedState(load);
  if (there !== undefined && isSame(there, wanted)) return { state: 'same', bytes: 0 };
  await requireContent(state, load);
  requireUnchanged(state, load, there, wanted);
  const key = keyOf(load);
  state.names.set(key, { ...state.names.get(key), ...wanted });
  state.log.push(`name ${key}`);
  return { state: 'loaded', bytes: 0 };
}

async function requireContent(state: State, load: NameLoad): Promise<void> {
  const missing = await missingFor(state, load);
  if (missing === undefined) return;
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `${load.item}: its content ${missing} is not in target ${state.target}`,
    origin: 'target',
  });
}

async function missingFor(state: State, load: NameLoad): Promise<string | undefined> {
  switch (load.kind) {
    case 'git':
      return load.refs.map(({ oid }) => oid).find((oid) => !state.objects.has(`${load.repository} ${oid}`));
    case 'oci':
      return await firstMissing(state, load.root);
    case 'file': {
      const missing = await Promise.all(load.files.map(({ root }) => firstMissing(state, root)));
      return missing.find((digest) => digest !== undefined);
    }
  }
}

/** Walks from a manifest to everything it needs. */
async function firstMissing(state: State, root: Descriptor): Promise<Digest | undefined> {
  if (!(await state.store.has(root, quietRun()))) return root.digest;
  if (!hasLinks(root.mediaType)) return undefined;
  const bytes = await readVerified(root, state.store.open(root, quietRun()));
  for (const link of parseManifestLinks(bytes, root.mediaType, root.digest).links) {
    const missing = link.required ? await firstMissing(state, link) : undefined;
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** Each part of the name must be absent, as the plan saw it, or as wanted. */
function requireUnchanged(
  state: State,
  load: NameLoad,
  there: NameState | undefined,
  wanted: NameState,
): void {
  for (const [part, value] of Object.entries(there ?? {})) {
    if (value === wanted[part] || value === load.replaces?.[part]) continue;
    throw new GapferryError({
      code: 'TARGET_CONFLICT',
      message: `${load.item}: ${keyOf(load)} in target ${state.target} is ${value}, which the plan did not see`,
      hint: 'plan again',
      origin: 'target',
      data: { there: value },
    });
  }
}

/** What is there of the parts that the load names. */
function thereFor(state: State, load: NameLoad): NameState | undefined {
  const there = state.names.get(keyOf(load));
  if (there === undefined) return undefined;
  const parts = Object.keys(wantedState(load)).filter((part) => there[part] !== undefined);
  return parts.length === 0
    ? undefined
    : Object.fromEntries(parts.map((part) => [part, there[part] as string]));
}

function wantedState(load: NameLoad): NameState {
  if (load.kind === 'oci') return { digest: load.root.digest };
  if (load.kind === 'file') return fileState(load);
  return Object.fromEntries(load.refs.map((ref) => [ref.name, ref.oid]));
}

function isSame(a: NameState, b: NameState): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}

function keyOf(load: Load): string {
  if (load.kind === 'file') return `file ${load.path}`;
  if (load.kind === 'oci' && load.phase === 'name')
    return `oci ${load.repository}${load.tag === undefined ? `@${load.root.digest}` : `:${load.tag}`}`;
  return `${load.kind} ${load.repository}`;
}
