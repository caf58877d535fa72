import { canonicalJson, type Descriptor, type Digest, isDigest } from '@gapferry/core';
import { z } from 'zod';
import type { FoundAttachment } from './find-attachments.ts';

/** Small JSON values that are kept between runs, by a name of at most 1,000 characters. What cannot be read or written is as if it was not there: a cache never fails a run. */
export interface LookupCache {
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
}

/** What was found to belong to a manifest, and when somebody looked. */
export interface AttachmentRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The manifests that were looked up. */
  readonly subjects: readonly Digest[];
  readonly found: readonly FoundAttachment[];
}

/** What is looked up: the manifests of an image as far as somebody wants it. */
export interface AttachmentScope {
  readonly repository: string;
  readonly root: Digest;
  readonly platforms: readonly string[];
  readonly attestations?: 'drop';
}

export function recordName({ repository, root, platforms, attestations }: AttachmentScope): string {
  return `attachments/1 ${repository}@${root} ${canonicalJson([...platforms])} ${attestations ?? 'keep'}`;
}

const digest = z.custom<Digest>(isDigest);
const record = z.object({
  at: z.number(),
  subjects: z.array(digest),
  found: z.array(
    z.object({
      subject: digest,
      root: z.object({ mediaType: z.string(), digest, size: z.int().min(0) }),
      artifactType: z.string().optional(),
      tag: z.string().optional(),
      words: z.array(z.enum(['signature', 'attestation', 'sbom'])),
    }),
  ),
});

/** Undefined for what is no such record: then it is looked up again. */
export function parseRecord(value: unknown): AttachmentRecord | undefined {
  const read = record.safeParse(value);
  if (!read.success) return undefined;
  const { at, subjects, found } = read.data;
  return { at, subjects, found: found.map(toFound) };
}

function toFound(one: z.infer<typeof record>['found'][number]): FoundAttachment {
  const { subject, root, artifactType, tag, words } = one;
  return {
    subject,
    root: root as Descriptor,
    ...(artifactType !== undefined && { artifactType }),
    ...(tag !== undefined && { tag }),
    words,
  };
}
