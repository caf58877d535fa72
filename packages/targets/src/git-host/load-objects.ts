import { type BlobReader, GapferryError, type GitContent, type LoadOutcome, type Run } from '@gapferry/core';
import { incomingPrefix } from './backup-names.ts';
import { distinctIds, type GitHostPlace } from './git-host-place.ts';
import { lackedObjects, proveLfs, sendLacked } from './git-lfs.ts';
import { holdsAll } from './inspect-repository.ts';
import { describeRepository } from './provenance.ts';

/** Makes the repository where there is none, and sends what it lacks: objects wait under refs that are neither branches nor tags, so that nobody sees them. Where the host takes no such
 *  refs, they come with the names. */
export async function loadObjects(
  place: GitHostPlace,
  load: GitContent,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const { host, memory, release } = place;
  memory.hold(load);
  memory.forget(load.repository);
  const { now } = await memory.look(load.repository, run);
  const lacked = await lackedObjects(place, load, now !== undefined, run);
  const wanted = distinctIds(load.refs);
  if (now !== undefined && holdsAll(now, wanted)) {
    const files = await sendLacked(place, load, lacked, from, run);
    return { state: lacked.length === 0 ? 'same' : 'loaded', bytes: files };
  }
  // Before anything is made at the host: what is unpacked is proved.
  const stage = await memory.stage(load.repository, from, run);
  if (stage === undefined)
    throw new GapferryError({ code: 'INTERNAL', message: `${load.item} was not unpacked` });
  const path = host.pathOf(load.repository);
  if (now === undefined) await createRepository(place, load, run);
  memory.forget(load.repository);
  // A commit is no use to anybody who cannot check it out.
  const files = await sendLacked(place, load, lacked, from, run);
  const have = distinctIds(now?.refs ?? []);
  const oids = await stage.tips(wanted, have, run);
  const prefix = incomingPrefix(release.statement);
  const bytes = await stage.send(host.urlOf(path), { item: load.item, prefix, oids, have }, run);
  if (bytes === false) memory.deferred.add(load.repository);
  else memory.sent.set(load.repository, oids);
  const isNew = now === undefined || oids.length > 0 || lacked.length > 0;
  return { state: isNew ? 'loaded' : 'same', bytes: files + (bytes === false ? 0 : bytes) };
}

async function createRepository(
  { host, memory, release }: GitHostPlace,
  load: GitContent,
  run: Run,
): Promise<void> {
  const head = memory.namesOf(load.repository)?.head;
  const description = describeRepository(load.source, release);
  const facts = { objectFormat: load.objectFormat, description, ...(head !== undefined && { head }) };
  await host.create(host.pathOf(load.repository), facts, run);
}

/** The barrier: the host is asked for its refs again, and those that keep the objects must stand where they were sent to (it took them only with everything that they reach, each object
 *  hashed). Throws `BLOB_MISSING`. */
export async function proveObjects(place: GitHostPlace, load: GitContent, run: Run): Promise<void> {
  const { memory, target } = place;
  await proveLfs(place, load, run);
  if (memory.deferred.has(load.repository)) return;
  memory.forget(load.repository);
  const { now } = await memory.look(load.repository, run);
  if (now !== undefined && holdsAll(now, memory.sent.get(load.repository) ?? distinctIds(load.refs))) return;
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `${load.item} did not come back from the target ${target}: the host does not show what was pushed`,
    hint: 'no branch or tag was set; look whether something cleans up at the host, and run the import again',
    origin: 'target',
    data: { item: load.item, target },
  });
}
