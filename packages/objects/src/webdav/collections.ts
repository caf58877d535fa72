import type { Run } from '@gapferry/core';
import { change, type WebdavParts } from './ask-webdav.ts';
import type { WebdavPath } from './webdav-server.ts';

/** The directories that were made, or found, so far. */
export interface Collections {
  /** Makes those on the way to a file, each asked for once. */
  above(at: WebdavPath, run: Run): Promise<void>;
  /** It and those below it may be gone. */
  forget(at: WebdavPath): void;
}

/** 405 is what RFC 4918 (section 9.3.1) answers for what is there; a server without MKCOL says so as well, and then makes directories by itself or refuses the PUT. */
const FINE = [200, 201, 204, 405, 501];

export function makeCollections(parts: WebdavParts): Collections {
  const made = new Map<string, Promise<unknown>>();
  const make = (at: WebdavPath, run: Run): Promise<unknown> => {
    const known = made.get(at.path);
    if (known !== undefined) return known;
    const asked = change(parts, at, { method: 'MKCOL', isCollection: true, accept: FINE }, run).catch(
      (error: unknown) => {
        made.delete(at.path);
        throw error;
      },
    );
    made.set(at.path, asked);
    return asked;
  };
  return {
    async above({ path, item }, run) {
      const names = path.split('/').slice(0, -1);
      for (let length = 1; length <= names.length; length += 1)
        await make({ path: names.slice(0, length).join('/'), item }, run);
    },
    forget({ path }) {
      for (const known of made.keys()) if (known === path || known.startsWith(`${path}/`)) made.delete(known);
    },
  };
}
