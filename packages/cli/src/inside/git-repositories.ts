import { type Git, removeQuarantine, repositoryWriter, unpackQuarantine } from '@gapferry/git';
import type { GitRepositories } from '@gapferry/targets';

/** What the embedded target needs of Git, made from the git package: packs go through a quarantine repository in `quarantineDirectory` before they reach a served one. */
export function gitRepositories(git: Git, quarantineDirectory: string): GitRepositories {
  const writer = repositoryWriter(git);
  return {
    readRefs: (directory, run) => writer.readRefs(directory, run),
    holds: (directory, refs, run) => writer.holds(directory, refs, run),
    neededPacks: (directory, packs, run) => writer.neededPacks(directory, packs, run),
    readBack: (directory, refs, item, run) => writer.readBack(directory, refs, item, run),
    updateRefs: (directory, update, run) => writer.updateRefs(directory, update, run),
    async place({ item, directory, objectFormat, refs, packs }, from, run) {
      await writer.create(directory, objectFormat, run);
      const quarantine = await unpackQuarantine(
        git,
        { item, packs, refs, objectFormat, directory: quarantineDirectory, from, alternate: directory },
        run,
      );
      try {
        return await writer.placeObjects(quarantine, directory, run);
      } finally {
        await removeQuarantine(quarantine);
      }
    },
  };
}
