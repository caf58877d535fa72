import {
  type BlobStore,
  canonicalJson,
  digestOf,
  GapferryError,
  type GitPin,
  type LfsObject,
  type Run,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { GitMirror } from '../git-mirror.ts';
import { remoteSurroundings } from '../git-remote.ts';
import type { Git } from '../git-tool.ts';
import { protocolOf } from '../git-url.ts';
import { removeLooks } from '../look-from-afar.ts';
import type { RetryOptions } from '../retry-trips.ts';
import { bringObjects, type LfsOrigin } from './bring-objects.ts';
import { findPointers, objectsOf, type Pointers, startsOf } from './find-pointers.ts';
import { type LfsEndpoint, toldEndpoint, usualEndpoint } from './lfs-endpoint.ts';
import { locateObject } from './locate-object.ts';
import { readLfsUrl } from './read-lfs-config.ts';
import { type SshLfsOptions, sshAuthenticate } from './ssh-authenticate.ts';
import { usesLfs } from './uses-lfs.ts';

export interface LfsSourceOptions extends SshLfsOptions, RetryOptions {
  readonly workDirectory: string;
  /** Speaks to Git LFS servers; needed for repositories over HTTP or SSH that use it. */
  readonly http?: HttpClient;
  /** Hosts besides that of a repository, by its host, that its `.lfsconfig` may name. */
  readonly lfsHosts?: ReadonlyMap<string, readonly string[]>;
  /** What is resolved is fetched right after: a repository is brought at once, and looked into where it lies then. Otherwise it is looked into from afar first. */
  readonly bringsAtOnce?: boolean;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

/** A pinned repository whose Git LFS files are looked for or brought. Nobody else works in the mirror meanwhile. */
export interface LfsTask {
  readonly pin: GitPin;
  readonly mirror: GitMirror;
  /** Brings everything that the pin reaches into the mirror. */
  readonly bring: () => Promise<void>;
  /** Commits that are known to have no submodules. */
  readonly plain: Set<string>;
}

/** Git LFS (github.com/git-lfs/git-lfs, docs/spec.md and docs/api) as a source. */
export interface LfsSource {
  /** The objects that the pin's refs point to, by `lfsOf`, sorted. */
  find(task: LfsTask, run: Run): Promise<readonly LfsObject[]>;
  /** Brings the pin's objects. Throws `LOCK_STALE` unless they are what its refs point to. */
  fetch(task: LfsTask, into: BlobStore, run: Run): Promise<void>;
}

export function lfsSource(git: Git, options: LfsSourceOptions): LfsSource {
  const known = new Map<string, Pointers>();
  let swept: Promise<void> | undefined;
  const pointersOf = async (task: LfsTask, run: Run): Promise<Pointers> => {
    const { pin, mirror } = task;
    const key = `${mirror.directory} ${pin.lfsOf ?? 'tips'} ${digestOf(startsOf(pin))}`;
    swept ??= removeLooks(options.workDirectory);
    await swept;
    const found = known.get(key) ?? (await lookFor(git, options, task, run));
    known.set(key, found);
    return found;
  };
  return {
    find: async (task, run) => objectsOf(await pointersOf(task, run), task.pin),
    async fetch(task, into, run) {
      const { pin, mirror } = task;
      const pointers = await pointersOf(task, run);
      const objects = objectsOf(pointers, pin);
      if (canonicalJson(objects) !== canonicalJson(pin.lfs ?? [])) throw otherObjects(pin);
      await bringObjects(
        {
          item: pin.id,
          into,
          http: options.http ?? noClient(),
          origin: () => originOf(git, mirror, pin, options, run),
          locate: (object) => locateObject(git, mirror, pin, pointers, object, run),
          ...(options.now !== undefined && { now: options.now }),
          ...(options.wait !== undefined && { wait: options.wait }),
        },
        objects,
        run,
      );
    },
  };
}

/** The whole repository is brought only where there is something to find. */
async function lookFor(git: Git, options: LfsSourceOptions, task: LfsTask, run: Run): Promise<Pointers> {
  const { pin, mirror, bring, plain } = task;
  if (pin.lfsOf === 'none' || pin.refs.length === 0) return new Map();
  if (pin.lfsOf === undefined) {
    const { workDirectory, bringsAtOnce = false } = options;
    if (bringsAtOnce || pin.commits !== undefined) await bring();
    const remote = await remoteSurroundings(pin.url, options, workDirectory);
    if (!(await usesLfs({ git, mirror, pin, remote, workDirectory, plain }, run))) return new Map();
  }
  await bring();
  return await findPointers(git, mirror, pin, run);
}

async function originOf(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  options: LfsSourceOptions,
  run: Run,
): Promise<LfsOrigin> {
  const { url } = pin;
  const protocol = protocolOf(url);
  if (protocol === 'file') return { kind: 'local', url };
  const told = await readLfsUrl(git, mirror, pin, run);
  if (told !== undefined) {
    const { host, hostname } = new URL(url);
    const also = options.lfsHosts?.get(host) ?? options.lfsHosts?.get(hostname);
    return fixed(toldEndpoint(told, url, also));
  }
  if (protocol !== 'ssh') return fixed(usualEndpoint(url));
  let last: LfsEndpoint | undefined;
  return {
    kind: 'server',
    async endpoint() {
      const now = options.now ?? Date.now;
      if (last === undefined || (last.expires ?? Number.POSITIVE_INFINITY) - EARLY_MS <= now())
        last = await sshAuthenticate(url, 'download', options, run);
      return last;
    },
  };
}

/** A question takes a while. */
const EARLY_MS = 10_000;

function fixed(url: string): LfsOrigin {
  return { kind: 'server', endpoint: async () => ({ url, header: {} }) };
}

function otherObjects({ id, lfs = [] }: GitPin): GapferryError {
  return new GapferryError({
    code: 'LOCK_STALE',
    message: `the pin of git ${id} names ${lfs.length === 0 ? 'no' : 'other'} Git LFS objects${lfs.length === 0 ? ', and its refs point to some' : ' than its refs point to'}`,
    hint: 'run "gapferry resolve" (or collect without --locked), look at what changed in the lock, and commit it',
    data: { item: id },
  });
}

function noClient(): HttpClient {
  const fail = (): never => {
    throw new GapferryError({ code: 'INTERNAL', message: 'nobody said how Git LFS servers are spoken to' });
  };
  return { request: fail, send: fail, body: fail, pour: fail, origin: fail, close: () => {} };
}
