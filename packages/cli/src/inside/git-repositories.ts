import { type Git, removeQuarantine, repositoryWriter, unpackQuarantine } from '@gapferry/git';
import type { GitRepositories } from '@gapferry/targets';

/** What the embedded target needs of Git, made from the git package: packs go through a quarantine repository in `quarantineDirectory` before they reach a served one. */
export function gitRepositories(git: Git, quarantineDirectory: string): GitRepositories {
  const writer = repositoryWriter(git);
  return {
    readRefs: (directory, run) => writer.readRefs(directory, run),
    holds: (directory, reach, run) => writer.holds(directory, reach, run),
    neededPacks: (directory, packs, run) => writer.neededPacks(directory, packs, run),
    readBack: (directory, reach, item, run) => writer.readBack(directory, reach, item, run),
    updateRefs: (directory, update, run) => writer.updateRefs(directory, update, run),
    async place({ directory, ...wanted }, from, run) {
      await writer.create(directory, wanted.objectFormat, run);
      const quarantine = await unpackQuarantine(
        git,
        { ...wanted, directory: quarantineDirectory, from, alternate: directory },
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
