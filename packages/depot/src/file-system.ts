import { lstat, mkdir, open, opendir, rename, rm, statfs, unlink } from 'node:fs/promises';

/** The calls of node:fs/promises that a depot makes, so that a test can record them or let them fail. */
export interface FileSystem {
  open(path: string, flags: number, mode?: number): Promise<OpenFile>;
  lstat(path: string): Promise<FileFacts>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Removes a directory with everything in it; links in it are removed, not followed. None there is fine. */
  removeTree(path: string): Promise<void>;
  /** Entries in no order; a huge directory is never held in memory. */
  list(path: string): AsyncIterable<DirectoryEntry>;
  statfs(path: string): Promise<FileSystemFacts>;
}

export interface OpenFile {
  /** The descriptor, for threads that write to the file themselves; absent where a test stands in between. */
  readonly fd?: number;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  stat(): Promise<FileFacts>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileFacts {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

export interface DirectoryEntry {
  readonly name: string;
}

/** As statfs(2): `bavail` blocks of `bsize` bytes are free for this user; `type` is the file system's magic number. */
export interface FileSystemFacts {
  readonly type: number;
  readonly bsize: number;
  readonly bavail: number;
}

export const nodeFileSystem: FileSystem = {
  open: (path, flags, mode) => open(path, flags, mode),
  lstat: (path) => lstat(path),
  mkdir: async (path) => void (await mkdir(path)),
  rename: (from, to) => rename(from, to),
  unlink: (path) => unlink(path),
  removeTree: (path) => rm(path, { recursive: true, force: true }),
  list: listDirectory,
  statfs: (path) => statfs(path),
};

async function* listDirectory(path: string): AsyncIterable<DirectoryEntry> {
  for await (const entry of await opendir(path)) yield entry;
}
