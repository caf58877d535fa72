import { createHash } from 'node:crypto';

/** The pointer that Git LFS puts in the place of a file (git-lfs docs/spec.md). */
export function lfsPointer(content: Uint8Array | string): string {
  const bytes = Buffer.from(content);
  const oid = createHash('sha256').update(bytes).digest('hex');
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${bytes.byteLength}\n`;
}
