import { GapferryError } from '@gapferry/core';

/** Sends content; when the medium gave other bytes than the release names, or none, the operator is told what to do about that. */
export async function damagedOnMedium<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof GapferryError) || !isOfMedium(error)) throw error;
    throw new GapferryError({
      code: error.code,
      message: error.message,
      hint: 'nothing is visible at the targets; take another copy, or write the medium again, and run the import again: what has arrived is not sent twice',
      origin: 'medium',
      data: error.data,
      cause: error,
    });
  }
}

function isOfMedium({ category, origin }: GapferryError): boolean {
  return origin !== 'target' && origin !== 'site' && (category === 'integrity' || category === 'incomplete');
}
