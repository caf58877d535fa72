import { readFile } from 'node:fs/promises';
import { GapferryError, isGapferryError, parseJson } from '@gapferry/core';
import type { Credentials } from '@gapferry/http';
import { reasonOf } from '../environment.ts';

/** What a Docker config (`config.json`) or an `auth.json` of the containers tools says about credentials. */
export interface DockerConfig {
  /** By host[:port], or host[:port]/path for what is below that path. */
  readonly auths: ReadonlyMap<string, Credentials>;
  /** Names of helpers by the same keys. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for everything else. */
  readonly store?: string;
}

/** Undefined where there is no file. Throws `USAGE` when it is there and cannot be used: a broken file must not look like "no credentials". Nothing of its content is in the message. */
export async function readDockerConfig(file: string): Promise<DockerConfig | undefined> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw unusable(file, reasonOf(cause));
  });
  if (bytes === undefined) return undefined;
  const config = members(parseConfig(bytes, file));
  const { credsStore } = config;
  return {
    auths: entries(config['auths'], (entry, key) => toCredentials(entry, key, file)),
    helpers: entries(config['credHelpers'], (name, key) => toHelper(name, key, file)),
    ...(credsStore !== undefined &&
      credsStore !== '' && { store: toHelper(credsStore, 'credsStore', file) ?? '' }),
  };
}

/** What is wrong with the file is the operator's to correct, and no sign of damage. */
function parseConfig(bytes: Uint8Array, file: string): unknown {
  try {
    return parseJson(bytes, file, { maxBytes: 1_048_576, maxDepth: 20 });
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    throw unusable(file, 'it is not valid JSON');
  }
}

function members(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function entries<T>(value: unknown, read: (entry: unknown, key: string) => T | undefined): Map<string, T> {
  const found = new Map<string, T>();
  for (const [key, entry] of Object.entries(members(value))) {
    const known = read(entry, key);
    if (known !== undefined) found.set(toPlace(key), known);
  }
  return found;
}

/** A key with a scheme is a host with trimmings, as Docker writes them: `https://index.docker.io/v1/`. One without may be meant for a path: `registry.example.org/team`. */
function toPlace(key: string): string {
  const place = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  return place !== key.replace(/\/+$/, '') || /^[^/]*\/v[12]$/.test(place)
    ? place.replace(/\/.*$/, '')
    : place;
}

function toCredentials(entry: unknown, key: string, file: string): Credentials | undefined {
  const { auth, username, password, identitytoken, registrytoken } = members(entry);
  if (isText(registrytoken)) return { bearer: registrytoken };
  if (isText(identitytoken)) return { identityToken: identitytoken };
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (!isText(auth)) return undefined;
  const [name, ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  if (name === undefined || rest.length === 0)
    throw unusable(file, `its entry for ${key} is not base64 of "user:password"`);
  // Some writers fill the password up with NUL.
  return { username: name, password: rest.join(':').replace(/\0+$/, '') };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The name becomes part of the name of a program. */
function toHelper(name: unknown, key: string, file: string): string | undefined {
  if (name === '') return undefined;
  if (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw unusable(file, `the credential helper under ${key} is not the name of one`);
}

function unusable(file: string, why: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `the Docker config ${file} cannot be used: ${why}`,
    hint: 'correct it, or point DOCKER_CONFIG or REGISTRY_AUTH_FILE at another place',
  });
}
