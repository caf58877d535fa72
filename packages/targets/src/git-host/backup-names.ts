export const BACKUP = 'refs/gapferry/backup/';
export const INCOMING = 'refs/gapferry/incoming/';

/** Names backups: `refs/gapferry/backup/17/heads/main`, and `17-2` where the same release kept something else there before. `there`: all refs of the repository. */
export function backupNames(
  sequence: number,
  there: ReadonlyMap<string, string>,
): (ref: string, oid: string) => string {
  return (ref, oid) => {
    const short = ref.slice('refs/'.length);
    for (let count = 1; ; count++) {
      const name = `${BACKUP}${sequence}${count === 1 ? '' : `-${count}`}/${short}`;
      const standing = there.get(name);
      if (standing === undefined || standing === oid) return name;
    }
  };
}

/** Where the objects of a release wait for their names. `statement`: `sha256:…`. */
export function incomingPrefix(statement: string): string {
  return `${INCOMING}${statement.slice('sha256:'.length, 'sha256:'.length + 12)}/`;
}
