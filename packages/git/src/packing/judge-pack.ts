import { digestOf, type GitPin, type Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { countObjectsIn, hashPack, type PackFile } from './pack-file.ts';

/** A pack of the mirror, and whether it has as many objects as the pin's refs reach. When it is the mirror's only one and git has followed the history, it has those and no other. */
export interface JudgedPack {
  readonly pack: PackFile;
  readonly isExact: boolean;
}

/** Where a pack is judged. */
export interface Judging {
  readonly git: Git;
  readonly mirror: GitMirror;
  readonly pin: GitPin;
  readonly run: Run;
}

/** Counts and hashes at the same time. Throws `GIT_FAILED` for a pack that was damaged where it lies. */
export async function judgePack({ git, mirror, pin, run }: Judging, path: string): Promise<JudgedPack> {
  const command = {
    repository: mirror.directory,
    doing: `count the objects of ${pin.id}`,
    args: ['rev-list', '--objects', '--count', '--stdin'],
    input: revisionsOf(pin),
  };
  const hashing = hashPack(path, pin.objectFormat);
  const [{ text }, pack] = await Promise.all([git.run(command, run), hashing]);
  return { pack, isExact: Number(text.trim()) === (await countObjectsIn(path)) };
}

export function revisionsOf({ refs }: GitPin): string {
  return refs.map(({ oid }) => `${oid}\n`).join('');
}

/** Judgements that are begun before anybody knows whether they will be asked for. */
export interface EarlyJudgements {
  begin(judging: Judging, path: string): void;
  /** What was found of this pack for this pin, once; undefined when nothing was begun, or when it failed: then it is judged again, and says why. */
  of(pin: GitPin, path: string): Promise<JudgedPack | undefined>;
}

export function earlyJudgements(): EarlyJudgements {
  const begun = new Map<string, Promise<JudgedPack | undefined>>();
  const keyOf = (pin: GitPin, path: string): string => `${digestOf(revisionsOf(pin))} ${path}`;
  return {
    begin(judging, path) {
      const key = keyOf(judging.pin, path);
      if (!begun.has(key))
        begun.set(
          key,
          judgePack(judging, path).catch(() => undefined),
        );
    },
    async of(pin, path) {
      const key = keyOf(pin, path);
      const judged = await begun.get(key);
      begun.delete(key);
      return judged;
    },
  };
}
