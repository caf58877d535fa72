import {
  isGapferryError,
  type OciContent,
  parseJson,
  parseManifestLinks,
  type Run,
  readVerified,
} from '@gapferry/core';
import { memberOf, textIn } from '../git-host/ask-host.ts';
import { type PlaceNeed, someOf } from '../registry-host/place-needs.ts';
import type { QuayPlace } from './quay-place.ts';

const SMALL = 1 << 20;

/** Tells what Quay would take away again: nothing of it stops the import. */
export async function warnOfQuay(
  place: QuayPlace,
  organizations: ReadonlyArray<readonly [string, readonly PlaceNeed[]]>,
  run: Run,
): Promise<void> {
  for (const [name] of organizations)
    if (!place.memory.missing.has(name) && (await place.memory.prunes(name, run)))
      warn(
        `the organization ${name} removes tags by itself (auto-prune): make sure that it leaves what is loaded`,
      );
  const needs = organizations.flatMap(([, own]) => own);
  const untagged = needs.flatMap(({ names }) => names.filter(({ tag }) => tag === undefined));
  if (untagged.length > 0)
    warn(
      `what has no tag is forgotten after PUSH_TEMP_TAG_EXPIRATION_SEC, an hour unless it was set: ${someOf(untagged.map(({ item }) => item))}`,
    );
  for (const content of needs.flatMap(({ contents }) => contents)) {
    const after = await expiryOf(place, content, run);
    if (after !== undefined)
      warn(`${content.item} is labelled quay.expires-after=${after}: Quay removes its tag by then`);
  }

  function warn(what: string): void {
    run.emit({ kind: 'warning', message: `Quay (target ${place.target}): ${what}` });
  }
}

/** Of an image of one platform, whose labels Quay reads: those of an index it does not. Only where a medium is at hand. */
async function expiryOf(
  { medium }: QuayPlace,
  { root, item }: OciContent,
  run: Run,
): Promise<string | undefined> {
  if (medium === undefined || root.size > SMALL || /index|list/.test(root.mediaType)) return undefined;
  try {
    const manifest = await readVerified(root, medium.open(root, run), { origin: 'medium' });
    const config = parseManifestLinks(manifest, root.mediaType, item).links.find(({ mediaType }) =>
      /image\.(?:config\.)?v1\+json$/.test(mediaType),
    );
    if (config === undefined || config.size > SMALL) return undefined;
    const bytes = await readVerified(config, medium.open(config, run), { origin: 'medium' });
    const value = parseJson(bytes, `the configuration of ${item}`, { maxBytes: SMALL, maxDepth: 64 });
    return textIn(memberOf(memberOf(value, 'config'), 'Labels'), 'quay.expires-after')?.slice(0, 50);
  } catch (error) {
    // Whatever is wrong with it is the loading's to say.
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}
