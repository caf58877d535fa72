import type { Descriptor, OciContent, Run } from '@gapferry/core';
import type { EmbeddedStore, NamedRoot } from './embedded-store.ts';
import { ociName } from './map-item.ts';

/** Attachments whose own manifest names their subject have no tag. In the index they stand under their digest in their repository: so a registry that serves the depot lists them
 *  as referrers there, and nowhere else. They are found by whoever asks for their subject, and like at other registries they are there before it has a name. */
export async function nameAttachments(store: EmbeddedStore, load: OciContent, run: Run): Promise<boolean> {
  const missing = await unnamed(store, load);
  if (missing.length > 0) await store.nameItems(missing, run);
  return missing.length > 0;
}

/** Does every attachment without tag stand in the index? */
export async function areAttachmentsNamed(store: EmbeddedStore, load: OciContent): Promise<boolean> {
  return (await unnamed(store, load)).length === 0;
}

async function unnamed(store: EmbeddedStore, load: OciContent): Promise<NamedRoot[]> {
  const wanted = (load.attachments ?? [])
    .filter(({ tag }) => tag === undefined)
    .map(({ root }) => ({ name: ociName({ repository: load.repository, root }), root }));
  if (wanted.length === 0) return [];
  const there = new Map<string, Descriptor>((await store.names()).map(({ name, root }) => [name, root]));
  return wanted.filter(({ name, root }) => there.get(name)?.digest !== root.digest);
}
