import { z } from 'zod';

const UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const SIZE = /^([1-9]\d{0,6}) ?(KiB|MiB|GiB|TiB)$/;
const RULE = 'must be a number of bytes, or one with KiB, MiB, GiB or TiB: 50GiB';

/** A size as it stands in a file: bytes, or `50GiB`. */
export const byteSize: z.ZodType<number | string> = z.union(
  [
    z
      .number({ error: RULE })
      .int({ error: RULE })
      .positive({ error: RULE })
      .max(2 ** 53 - 1, { error: RULE }),
    z.string({ error: RULE }).regex(SIZE, { error: RULE }),
  ],
  { error: RULE },
);

/** Of what `byteSize` takes. */
export function toBytes(size: number | string): number {
  if (typeof size === 'number') return size;
  const [, count = '', unit = ''] = SIZE.exec(size) ?? [];
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}
