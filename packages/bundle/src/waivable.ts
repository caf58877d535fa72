/** Kinds of items that content of a release can name, and that can be left out on purpose. */
export type WaivableKind = 'image' | 'chart' | 'git';

/** A name of one of these kinds, by a member of that name. */
export type Waivable = { readonly image: string } | { readonly chart: string } | { readonly git: string };

export function waivableOf(waivable: Waivable): { readonly kind: WaivableKind; readonly name: string } {
  if ('image' in waivable) return { kind: 'image', name: waivable.image };
  return 'chart' in waivable ? { kind: 'chart', name: waivable.chart } : { kind: 'git', name: waivable.git };
}

export function toWaivable(kind: WaivableKind, name: string): Waivable {
  switch (kind) {
    case 'image':
      return { image: name };
    case 'chart':
      return { chart: name };
    case 'git':
      return { git: name };
  }
}
