/** Something that the demo promises does not hold. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new DemoFailure(otherwise);
}
