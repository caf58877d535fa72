import type { Attachment, Digest, UpstreamCheck } from '@gapferry/core';
import { checkKey } from './attachment-schemas.ts';
import type { ChartItem, ImageItem } from './manifest.ts';

type OciItem = ImageItem | ChartItem;

/** What changes in what belongs to an item, and in what upstream's signatures proved outside. Members without entries are absent.
 *  Between two contents every attachment is another one: then only types count that one side has and the other has not. */
export interface AttachedChange {
  readonly added?: readonly AttachedArtifact[];
  readonly removed?: readonly AttachedArtifact[];
  /** Demands that were met on side B and not on side A. */
  readonly checked?: readonly UpstreamCheck[];
  /** Demands that were met on side A and are not any more. */
  readonly unchecked?: readonly UpstreamCheck[];
}

export interface AttachedArtifact {
  /** `signature`, `attestation`, `sbom` for cosign's tags; else the artifact type, or `attachment` where there is none. */
  readonly type: string;
  readonly subject: Digest;
  readonly root: Digest;
}

/** What belongs to an item. */
export function attachedTo({ attachments = [] }: OciItem): AttachedArtifact[] {
  return attachments.map((attachment) => ({
    type: typeOf(attachment),
    subject: attachment.subject,
    root: attachment.root.digest,
  }));
}

/** Undefined where nothing changes. `was` is absent for an item that comes. */
export function attachedChange(was: OciItem | undefined, is: OciItem): AttachedChange | undefined {
  const [before, after] = [was === undefined ? [] : attachedTo(was), attachedTo(is)];
  const nameOf = was?.root.digest === is.root.digest ? identityOf : ({ type }: AttachedArtifact) => type;
  const [met, meets] = [was?.checked ?? [], is.checked ?? []];
  const change = {
    ...listed('added', without(after, before, nameOf)),
    ...listed('removed', without(before, after, nameOf)),
    ...listed('checked', without(meets, met, checkKey)),
    ...listed('unchecked', without(met, meets, checkKey)),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

function typeOf({ tag, artifactType }: Attachment): string {
  const ending = tag?.slice(tag.lastIndexOf('.') + 1);
  if (ending === 'sig') return 'signature';
  if (ending === 'att') return 'attestation';
  return ending ?? artifactType ?? 'attachment';
}

function identityOf({ type, subject, root }: AttachedArtifact): string {
  return `${type} ${subject} ${root}`;
}

function without<T>(all: readonly T[], others: readonly T[], nameOf: (one: T) => string): T[] {
  const known = new Set(others.map(nameOf));
  return all.filter((one) => !known.has(nameOf(one)));
}

function listed<N extends string, T>(name: N, entries: readonly T[]): { readonly [K in N]?: readonly T[] } {
  return entries.length === 0 ? {} : ({ [name]: entries } as { readonly [K in N]: readonly T[] });
}
