/** Digests of what a site file says of where targets are, by name of the target: that of now, or `places` of an `import.began`. */
export type TargetPlaces = Readonly<Record<string, unknown>>;

/** Is a target where an import left something? What was left elsewhere is not looked for here. A target of which `here` says nothing counts as where it was. */
export function isHere(target: string, here: TargetPlaces, then: TargetPlaces): boolean {
  return here[target] === undefined || here[target] === then[target];
}
