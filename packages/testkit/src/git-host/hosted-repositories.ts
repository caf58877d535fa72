import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gitEnvironment } from '../git/git-repository.ts';
import { mustRun } from '../process/run-process.ts';

/** One rule about refs, as the host's own hook applies it. The first that matches a ref counts. */
export interface RefRule {
  /** Full name with `*`: `refs/heads/release/*`. */
  readonly pattern: string;
  /** `p`: create and move forward, `f`: force (a tag that moves at all), `d`: delete. */
  readonly lets: string;
  /** What a client is told. */
  readonly message: string;
}

/** Bare repositories of a Git host, with the hook by which hosting products refuse pushes. */
export interface HostedRepositories {
  /** `path`: without `.git`. */
  create(path: string, objectFormat: string, branch: string): Promise<void>;
  setRules(path: string, rules: readonly RefRule[]): Promise<void>;
  setHead(path: string, branch: string): Promise<void>;
  hasBranch(path: string, branch: string): Promise<boolean>;
  isEmpty(path: string): Promise<boolean>;
  refs(path: string): Promise<Record<string, string>>;
  directory(path: string): string;
}

const HOOK = `#!/bin/sh
tab=$(printf '\\t')
while read -r old new ref; do
  while IFS="$tab" read -r pattern lets message; do
    case "$ref" in $pattern) ;; *) continue ;; esac
    how=p
    case "$new" in *[!0]*) ;; *) how=d ;; esac
    case "$how$old" in
      p*[!0p]*)
        case "$ref" in
          refs/tags/*) how=f ;;
          *) git merge-base --is-ancestor "$old" "$new" 2>/dev/null || how=f ;;
        esac ;;
    esac
    case "$lets" in *"$how"*) ;; *) echo "$message" >&2; exit 1 ;; esac
    break
  done < "$GIT_DIR/gapferry-rules"
done
`;

export function hostedRepositories(root: string): HostedRepositories {
  const directory = (path: string): string => join(root, `${path}.git`);
  const git = (path: string, ...args: readonly string[]): Promise<string> =>
    mustRun('git', ['--git-dir', directory(path), ...args], { env: gitEnvironment() });
  return {
    directory,
    async create(path, objectFormat, branch) {
      const unfinished = `${directory(path)}.new`;
      await mkdir(dirname(unfinished), { recursive: true });
      const args = [
        'init',
        '-q',
        '--bare',
        `--object-format=${objectFormat}`,
        `--initial-branch=${branch}`,
        unfinished,
      ];
      await mustRun('git', args, { env: gitEnvironment() });
      await mkdir(join(unfinished, 'hooks'), { recursive: true });
      await writeFile(join(unfinished, 'hooks/pre-receive'), HOOK, { mode: 0o755 });
      await writeFile(join(unfinished, 'gapferry-rules'), '');
      await rename(unfinished, directory(path));
    },
    setRules: async (path, rules) => {
      const lines = rules.map(({ pattern, lets, message }) => `${pattern}\t${lets}-\t${message}\n`);
      await writeFile(join(directory(path), 'gapferry-rules'), lines.join(''));
    },
    setHead: async (path, branch) => void (await git(path, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`)),
    hasBranch: async (path, branch) => (await git(path, 'for-each-ref', `refs/heads/${branch}`)) !== '',
    isEmpty: async (path) =>
      (await stat(directory(path)).catch(() => undefined)) === undefined ||
      (await git(path, 'for-each-ref', 'refs/heads/')) === '',
    refs: async (path) => {
      const text = await git(path, 'for-each-ref', '--format=%(refname) %(objectname)');
      const lines = text.split('\n').filter((line) => line !== '');
      return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
    },
  };
}

/** Of a host whose repositories nobody looks at. */
export function noRepositories(): HostedRepositories {
  return {
    directory: (path) => path,
    create: async () => {},
    setRules: async () => {},
    setHead: async () => {},
    hasBranch: async () => false,
    isEmpty: async () => true,
    refs: async () => ({}),
  };
}
