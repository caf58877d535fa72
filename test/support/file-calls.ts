import { dirname } from 'node:path';

/** A call that came back well, by the lines of the log where it began and ended. */
export interface FileCall {
  readonly name: 'sync' | 'rename' | 'mkdir';
  /** What was synced or made; of a rename the new name. */
  readonly path: string;
  /** Of a rename. */
  readonly from?: string;
  readonly begun: number;
  readonly ended: number;
}

/** Prefix that writes what a program does with names on disks into a log: the kernel sees it, not we. */
export function tracedInto(log: string): readonly string[] {
  const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat';
  return ['strace', '-f', '-y', '-s', '4096', '-e', calls, '-o', log];
}

/** What `tracedInto` wrote, in the order of the ends. Threads are under way at once: a call may end many lines after it began. */
export function readFileCalls(log: string): FileCall[] {
  const calls: FileCall[] = [];
  const open = new Map<string, { readonly text: string; readonly begun: number }>();
  for (const [line, all] of log.split('\n').entries()) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(all) ?? [];
    if (text.endsWith('<unfinished ...>')) {
      open.set(thread, { text: text.replace(/ *<unfinished \.\.\.>$/, ''), begun: line });
      continue;
    }
    const [, rest] = /^<\.\.\. \w+ resumed>(.*)$/.exec(text) ?? [];
    const begin = rest === undefined ? undefined : open.get(thread);
    const call = readCall(begin === undefined ? text : begin.text + rest);
    if (call !== undefined) calls.push({ ...call, begun: begin?.begun ?? line, ended: line });
  }
  return calls;
}

/** Was the name of `path` on its way to the disk after `since` was done, and there before `until` began? */
export function isDurable(
  calls: readonly FileCall[],
  path: string,
  since: FileCall,
  until: Pick<FileCall, 'begun'>,
): boolean {
  return calls.some(
    (call) =>
      call.name === 'sync' &&
      call.path === dirname(path) &&
      call.begun > since.ended &&
      call.ended < until.begun,
  );
}

function readCall(text: string): Pick<FileCall, 'name' | 'path' | 'from'> | undefined {
  if (!text.endsWith(' = 0')) return undefined;
  const [, synced] = /^f(?:data)?sync\(\d+<(.*)>\)/.exec(text) ?? [];
  if (synced !== undefined) return { name: 'sync', path: synced };
  const [first = '', second = ''] = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path = '']) => path);
  if (text.startsWith('mkdir')) return { name: 'mkdir', path: first };
  return text.startsWith('rename') ? { name: 'rename', path: second, from: first } : undefined;
}
