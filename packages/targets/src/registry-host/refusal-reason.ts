import { GapferryError } from '@gapferry/core';

/** Why a registry refused what it is sent, as its product's API tells it. */
export interface RefusalReason {
  readonly says: string;
  readonly hint: string;
}

/** The refusal with its reason before it. Returned as it was where `ask` knows no reason or cannot find it out: that it was refused is what counts. */
export async function withReason(
  error: GapferryError,
  where: { readonly target: string; readonly project: string },
  ask: () => Promise<RefusalReason | undefined>,
): Promise<GapferryError> {
  const why = await ask().catch(() => undefined);
  if (why === undefined) return error;
  return new GapferryError({
    code: error.code,
    message: `${why.says} (${error.message})`,
    hint: why.hint,
    origin: 'target',
    data: { ...error.data, ...where },
    cause: error,
  });
}
