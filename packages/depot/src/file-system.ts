import * as fs from 'node:fs';
import { lstat, mkdir, opendir, rename, rm, statfs, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { briefCalls } from '@gapferry/core';

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

/** Short reads and writes are brief calls; longer ones leave this thread time for others. */
const SHORT = 64 << 10;
const brief = briefCalls();
const inThread = {
  open: promisify(fs.open),
  read: promisify(fs.read),
  write: promisify(fs.write),
  fstat: promisify(fs.fstat),
  fsync: promisify(fs.fsync),
  close: promisify(fs.close),
};

export const nodeFileSystem: FileSystem = {
  open: async (path, flags, mode) => {
    const fd = await brief(
      () => fs.openSync(path, flags, mode),
      () => inThread.open(path, flags, mode),
    );
    return openFile(fd);
  },
  lstat: (path) =>
    brief(
      () => fs.lstatSync(path),
      () => lstat(path),
    ),
  mkdir: async (path) => void (await mkdir(path)),
  rename: (from, to) =>
    brief(
      () => fs.renameSync(from, to),
      () => rename(from, to),
    ),
  unlink: (path) => unlink(path),
  removeTree: (path) => rm(path, { recursive: true, force: true }),
  list: listDirectory,
  statfs: (path) => statfs(path),
};

function openFile(fd: number): OpenFile {
  let closing: Promise<void> | undefined;
  return {
    fd,
    async read(buffer, offset, length, position) {
      if (length > SHORT) return await inThread.read(fd, buffer, offset, length, position);
      return await brief(
        () => ({ bytesRead: fs.readSync(fd, buffer, offset, length, position) }),
        () => inThread.read(fd, buffer, offset, length, position),
      );
    },
    async write(buffer, offset, length, position) {
      if (length > SHORT) return await inThread.write(fd, buffer, offset, length, position);
      return await brief(
        () => ({ bytesWritten: fs.writeSync(fd, buffer, offset, length, position) }),
        () => inThread.write(fd, buffer, offset, length, position),
      );
    },
    stat: () =>
      brief(
        () => fs.fstatSync(fd),
        () => inThread.fstat(fd),
      ),
    sync: () => inThread.fsync(fd),
    // Once: the number is somebody else's after that.
    close: () => {
      closing ??= brief(
        () => fs.closeSync(fd),
        () => inThread.close(fd),
      );
      return closing;
    },
  };
}

async function* listDirectory(path: string): AsyncIterable<DirectoryEntry> {
  for await (const entry of await opendir(path)) yield entry;
}
