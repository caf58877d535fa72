import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Digest, digestFromHex } from '@gapferry/core';
import type { BodyValidator } from '@gapferry/http';

/** What a file was found to be. */
export interface LearntFile {
  readonly sha256: Digest;
  /** 128 lower-case hex digits. */
  readonly sha512: string;
  readonly size: number;
}

/** The bytes of a file so far. */
export interface PartialState {
  readonly sha256: Hash;
  readonly sha512: Hash;
  size: number;
  by: BodyValidator | undefined;
}

/** Where they are, and where it stands what they are: `{name, by, sha256, size}`. */
export interface PartialPaths {
  readonly bytes: string;
  readonly notes: string;
}

export function newState(): PartialState {
  return { sha256: createHash('sha256'), sha512: createHash('sha512'), size: 0, by: undefined };
}

export function addTo(state: PartialState, chunk: Uint8Array): void {
  state.sha256.update(chunk);
  state.sha512.update(chunk);
  state.size += chunk.byteLength;
}

export function learntFrom({ sha256, sha512, size }: PartialState): LearntFile {
  return { sha256: digestFromHex(sha256.digest('hex')), sha512: sha512.digest('hex'), size };
}

const LONGEST_NOTE = 64 << 10;

/** What an earlier process left of `name`; undefined where that is nothing, or nothing that is sure. */
export async function readState(
  { bytes, notes }: PartialPaths,
  name: string,
): Promise<PartialState | undefined> {
  try {
    if ((await stat(notes)).size > LONGEST_NOTE) return undefined;
    const found = toNotes(JSON.parse(await readFile(notes, 'utf8')), name);
    if (found === undefined) return undefined;
    const state = { ...newState(), by: found.by };
    if ((await stat(bytes)).size < found.size) return undefined;
    for await (const chunk of createReadStream(bytes, { end: found.size - 1 })) addTo(state, chunk as Buffer);
    const isTheirs = digestFromHex(state.sha256.copy().digest('hex')) === found.sha256;
    return isTheirs && state.size === found.size ? state : undefined;
  } catch {
    return undefined;
  }
}

interface Notes {
  readonly by: BodyValidator;
  readonly sha256: string;
  readonly size: number;
}

/** Somebody may have written anything there. */
function toNotes(value: unknown, wanted: string): Notes | undefined {
  const { name, by, sha256, size } = (value ?? {}) as Record<string, unknown>;
  const validator = toValidator(by);
  if (name !== wanted || validator === undefined || typeof sha256 !== 'string') return undefined;
  return Number.isSafeInteger(size) && Number(size) > 0
    ? { by: validator, sha256, size: Number(size) }
    : undefined;
}

function toValidator(value: unknown): BodyValidator | undefined {
  const { etag, lastModified } = (value ?? {}) as Record<string, unknown>;
  // It goes into a header.
  const isPlain = (text: unknown): text is string =>
    typeof text === 'string' && /^[\x20-\x7e]{1,1000}$/.test(text);
  if (isPlain(etag)) return { etag };
  return isPlain(lastModified) ? { lastModified } : undefined;
}
