import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { GapferryError } from '@gapferry/core';
import { reasonOf } from '../environment.ts';

/** Keys are some kilobytes; a distribution's whole keyring is some megabytes. */
const LIMIT = 16_777_216;

/** A key or keyring that bundle.yaml (`file`) names by its path. `what`: for the message, `keyring NAME`. Throws `CONFIG_INVALID` for what cannot be read. */
export async function readKeyFile(
  what: string,
  path: string,
  file: string,
  hint: string,
): Promise<Uint8Array> {
  try {
    await using handle = await open(resolve(dirname(file), path));
    const { size } = await handle.stat();
    if (size > LIMIT) throw new Error(`it has more than ${LIMIT} bytes`);
    return await handle.readFile();
  } catch (cause) {
    throw new GapferryError({
      code: 'CONFIG_INVALID',
      message: `${file}: the ${what}: ${reasonOf(cause)}`,
      hint,
      cause,
    });
  }
}
