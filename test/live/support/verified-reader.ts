import { type BlobReader, verifiedBytes } from '@gapferry/core';
import type { Content } from '@gapferry/testkit';

/** One blob, as a depot gives it. */
export function verifiedReader(content: Content): BlobReader {
  return { has: async () => true, open: (blob) => verifiedBytes(blob, content.open(0)) };
}
