import type { FileTree } from './file-tree.ts';

/** What the target needs of a WebDAV server. */
export type WebdavStore = Pick<
  FileTree,
  'place' | 'addressOf' | 'probe' | 'tryWrite' | 'look' | 'open' | 'put' | 'move' | 'remove' | 'clear'
>;

/** A WebDAV server that is written to: no bit is kept there, and its free space and other spellings are not known before. */
export function webdavTree(store: WebdavStore): FileTree {
  return { ...store, isRemote: true, requireRoom: async () => {}, requireSpelling: async () => {} };
}
