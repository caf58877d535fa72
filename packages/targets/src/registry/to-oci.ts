import { type ContentLoad, GapferryError, type Load, type OciContent, type OciTag } from '@gapferry/core';

/** `product`: what the target is, as messages say it: `registry`, `Harbor`. Throws `CONFIG_INVALID` for what is neither image nor chart. */
export function toOci(load: Load, product: string, target: string): OciContent | OciTag {
  if (load.kind === 'oci') return load;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the ${product} ${target} cannot hold ${load.item}`,
    hint: `it takes images and charts: correct \`takes\` of the target in site.yaml`,
    origin: 'site',
  });
}

export function toOciContent(load: ContentLoad, product: string, target: string): OciContent {
  const oci = toOci(load, product, target);
  if (oci.phase === 'content') return oci;
  throw new GapferryError({ code: 'INTERNAL', message: `${load.item} has nothing to read back` });
}
