import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError } from '@gapferry/core';

/** A ledger file, named by itself or by the depot or state directory it lies in. Throws `USAGE`. */
export async function findLedger(place: string): Promise<string> {
  for (const file of [place, join(place, 'ledger.db'), join(place, 'state', 'ledger.db')]) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile()) return file;
  }
  throw new GapferryError({
    code: 'USAGE',
    message: `there is no ledger in ${place}`,
    hint: "name a depot, a site's state directory, or the file ledger.db",
  });
}
