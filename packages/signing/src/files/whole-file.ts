import { GapferryError, type Run, type SignedFile } from '@gapferry/core';

/** Some schemes sign the bytes themselves, not a digest of them: they have to be in memory at once. */
const LIMIT = 67_108_864;

/** The bytes of a file that is small enough. `scheme`: of the signature, for the message. Throws `LIMIT_EXCEEDED`. */
export async function wholeFile(file: SignedFile, scheme: string, hint: string, run: Run): Promise<Buffer> {
  if (file.size > LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `is signed by ${scheme}, which covers the bytes as a whole, and has ${file.size} of them; the limit is ${LIMIT}`,
      hint,
      origin: 'source',
    });
  const parts: Buffer[] = [];
  for await (const chunk of file.open(run)) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}
