import type { Value } from './fields.ts';
import type { ObjectId, Resource } from './resource.ts';

/** Remembers of each resource which texts a kustomization wrote into it: what it has after and had not before. */
export function noteWritten(
  before: readonly Resource[],
  after: readonly Resource[],
  file: string,
): Resource[] {
  const earlier = new Map<ObjectId | undefined, Resource>(
    before.map((resource) => [resource.names[0], resource]),
  );
  return after.map((resource) => {
    const was = earlier.get(resource.names[0]);
    if (was === undefined || was.object === resource.object) return resource;
    const had = textsIn(was.object, new Set());
    const fresh = [...textsIn(resource.object, new Set())].filter((text) => !had.has(text));
    return {
      ...resource,
      written: new Map([...resource.written, ...fresh.map((text) => [text, file] as const)]),
    };
  });
}

/** Longer ones are no image names. */
const LONGEST = 1_000;

function textsIn(value: Value, found: Set<string>): Set<string> {
  if (typeof value === 'string' && value.length <= LONGEST) found.add(value);
  if (typeof value === 'object' && value !== null)
    for (const entry of Object.values(value)) textsIn(entry as Value, found);
  return found;
}
