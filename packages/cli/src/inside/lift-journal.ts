import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { canonicalBytes, GapferryError, type JsonValue, parseJson } from '@gapferry/core';
import type { LiftedRule, LiftJournal } from '@gapferry/targets';
import { reasonOf } from '../environment.ts';
import { writeFileAtomically } from '../write-file.ts';

/** Rules of a host that are lifted right now, in a file of the site's state: a killed import leaves there what the next one restores. */
export function fileLifts(file: string): LiftJournal {
  return {
    async read() {
      const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined;
        throw unreadable(file, cause);
      });
      if (bytes === undefined) return [];
      const rules = parseJson(bytes, file, { maxBytes: 16 << 20, maxDepth: 16 });
      if (!Array.isArray(rules)) throw unreadable(file, undefined);
      return rules as LiftedRule[];
    },
    async write(rules) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFileAtomically(
        file,
        Buffer.from(canonicalBytes(rules as unknown as JsonValue)).toString('utf8'),
      );
    },
  };
}

function unreadable(file: string, cause: unknown): GapferryError {
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `cannot read ${file}${cause === undefined ? '' : `: ${reasonOf(cause)}`}`,
    hint: 'it says which rules of a Git host were lifted: look at the host, then remove the file',
    origin: 'site',
    cause,
  });
}
