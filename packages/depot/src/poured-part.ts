import { isGapferryError, type Pour, type Poured, type Run, type SizedDigest } from '@gapferry/core';
import { type DepotPlace, removeFile, trouble } from './depot-place.ts';
import { openPartFile } from './part.ts';

/** What is wrong with the bytes of a part, if anything. */
export type PourOutcome = 'written' | 'damaged-part' | 'not-poured';

/** Lets the source write the part by itself. Leaves a complete, right, synced part behind, or (`not-poured`) what came until the source could not go on.
 *  `damaged-part`: the beginning that an earlier trip had left was wrong; it is gone. Throws what `wrong` makes of other bytes than expected, and then keeps nothing. */
export async function pourPart(
  place: DepotPlace,
  expected: SizedDigest,
  pour: Pour,
  wrong: (poured: Poured) => unknown,
  run: Run,
): Promise<PourOutcome> {
  const { path, file, size: from } = await openPartFile(place, expected);
  let keep = true;
  try {
    if (file.fd === undefined) return 'not-poured';
    const poured = await pour({ fd: file.fd, from }, run);
    if (poured === undefined) return 'not-poured';
    keep = poured.digest === expected.digest && poured.size === expected.size;
    if (!keep && from > 0) return 'damaged-part';
    if (!keep) throw wrong(poured);
    await file.sync();
    return 'written';
  } catch (error) {
    if (!isGapferryError(error)) throw trouble(place, 'write', path, error, expected.size - from);
    if (error.category === 'integrity') keep = false;
    throw error;
  } finally {
    await file.close();
    if (!keep) await removeFile(place, path);
  }
}
