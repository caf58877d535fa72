import {
  aboutItem,
  type FileHolding,
  type FilePin,
  type FileWish,
  type Source,
  wishDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { localFiles } from './local/local-files.ts';
import { fetchUrlFile } from './url-file.ts';

export interface FileSourceOptions {
  /** Where relative paths of files on this machine begin; default: the working directory. */
  readonly directory?: string;
  /** The most bytes that are read of a file whose server names no length; default 64 GiB. */
  readonly unknownSizeLimit?: number;
}

const DEFAULT_LIMIT = 64 * 2 ** 30;

/** Files over HTTP(S), and files and directories on this machine. Where a wish says what the file is (its sha256), `resolve` asks nobody, and `fetch` finds out whether upstream still has it. */
export function fileSource(
  http: HttpClient,
  options: FileSourceOptions = {},
): Source<FileWish, FilePin, FileHolding> {
  const limit = options.unknownSizeLimit ?? DEFAULT_LIMIT;
  const local = localFiles(options.directory ?? '.');
  return {
    async resolve(wish, run) {
      if ('path' in wish) return [await local.resolve(wish, run)];
      const { as: id, url, sha256 } = wish;
      return [{ kind: 'file', id, wish: wishDigest(wish), url, sha256 }];
    },
    async fetch(pin, into, run) {
      try {
        return 'path' in pin
          ? await local.fetch(pin, into, run)
          : await fetchUrlFile(http, pin, into, limit, run);
      } catch (error) {
        throw aboutItem(pin.id, error);
      }
    },
  };
}
