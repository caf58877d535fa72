import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';

/** Tells each pack that appears in a directory until it is closed: git renames its index into place last. Nobody is told where the system cannot watch (Linux: `fs.inotify.max_user_watches` is used up). */
export function tellPacks(directory: string, onPack: (path: string) => void): { close(): void } {
  let watcher: FSWatcher;
  try {
    watcher = watch(directory, (_event, name) => {
      if (name?.endsWith('.idx') === true) onPack(join(directory, name.replace(/idx$/, 'pack')));
    });
  } catch {
    return { close() {} };
  }
  watcher.on('error', () => {});
  return watcher;
}
