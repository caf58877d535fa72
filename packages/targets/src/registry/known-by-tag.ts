import type { OciContent, Run } from '@gapferry/core';
import type { RegistryPlace } from './registry-place.ts';

/** Do the tags that the release wants tell that the content is there? True when one of them stands at the root, the tag of every attachment at its root, and every attachment without tag is
 *  listed among the referrers of its subject. One request for each tag, and none that was made before in the same survey. */
export async function isKnownByTag(place: RegistryPlace, load: OciContent, run: Run): Promise<boolean> {
  const repository = place.repositoryOf(load.repository);
  const tags = place.memory.tagsOf(repository, load.root.digest);
  for (const tag of tags)
    if (await standsAt(place, repository, tag, load.root.digest, run))
      return await areAttached(place, repository, load, run);
  return false;
}

async function areAttached(
  place: RegistryPlace,
  repository: string,
  { attachments = [] }: OciContent,
  run: Run,
): Promise<boolean> {
  const found = await Promise.all(
    attachments.map(async ({ subject, root, tag }) => {
      if (tag !== undefined) return await standsAt(place, repository, tag, root.digest, run);
      const listed = await place.memory.referrers(repository, subject, run);
      return listed.some(({ digest }) => digest === root.digest);
    }),
  );
  return found.every((there) => there);
}

async function standsAt(
  { memory }: RegistryPlace,
  repository: string,
  tag: string,
  digest: string,
  run: Run,
): Promise<boolean> {
  return (await memory.head(repository, tag, run))?.digest === digest;
}
