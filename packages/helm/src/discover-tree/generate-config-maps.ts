import { type Fields, field, fieldsAt, listAt, textAt, textsAt, type Value } from './fields.ts';
import { nameOf, pathInTree } from './file-tree.ts';
import type { Kustomization } from './kustomization.ts';
import type { Reading } from './reading.ts';
import { weigh } from './reading.ts';
import { refused } from './refusals.ts';
import { changed, newResource, type Resource } from './resource.ts';

/** `configMapGenerator`: what its files, env files and literals say, without the hash behind the name. `behavior: merge|replace` changes what is there already.
 *  Files of `secretGenerator` are part of the kustomization, but nobody looks into Secrets. Throws `CONTENT_INVALID` for files that are not there. */
export function generateConfigMaps(
  reading: Reading,
  kustomization: Kustomization,
  resources: readonly Resource[],
): Resource[] {
  const { all, file } = kustomization;
  for (const generator of listAt(all, 'secretGenerator'))
    for (const path of filesOfGenerator(generator, kustomization)) reading.used.add(path);
  let made: Resource[] = [...resources];
  for (const generator of listAt(all, 'configMapGenerator')) {
    const data = dataOf(reading, generator, kustomization);
    const name = textAt(generator, 'name') ?? '';
    const behavior = textAt(generator, 'behavior') ?? 'create';
    const object = configMap(name, generator, data);
    reading.count(made.length, file);
    if (behavior === 'create') made.push(newResource(object, file, weigh(object)));
    else made = merged(made, name, data, behavior, file);
  }
  return made;
}

function configMap(name: string, generator: Value, data: Fields): Fields {
  const namespace = textAt(generator, 'namespace');
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...(namespace !== undefined && { namespace }) },
    data,
  };
}

function merged(
  resources: readonly Resource[],
  name: string,
  data: Fields,
  behavior: string,
  file: string,
): Resource[] {
  const known = resources.find(({ names }) =>
    names.some((id) => id.kind === 'ConfigMap' && id.name === name),
  );
  if (known === undefined) throw refused(file, `there is no ConfigMap ${name} to ${behavior}`);
  const kept = behavior === 'merge' ? fieldsAt(known.object, 'data') : {};
  const after = changed(known, { ...known.object, data: { ...kept, ...data } });
  return resources.map((resource) => (resource === known ? after : resource));
}

function dataOf(reading: Reading, generator: Value, { directory, file }: Kustomization): Fields {
  const text = (path: string): string => {
    const found = pathInTree(directory, path, file);
    const bytes = reading.read(found);
    if (bytes === undefined)
      throw refused(file, `it names ${path}, which is not in the tree`, 'links are not followed');
    reading.used.add(found);
    return new TextDecoder().decode(bytes);
  };
  const env = textAt(generator, 'env');
  const envs = [...textsAt(generator, 'envs'), ...(env === undefined ? [] : [env])];
  return Object.fromEntries([
    ...envs.flatMap((path) =>
      text(path)
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map(pair),
    ),
    ...textsAt(generator, 'files').map((entry) => {
      const { key, path } = fileEntry(entry);
      return [key, text(path)] as const;
    }),
    ...textsAt(generator, 'literals').map((literal) => {
      const [key, value] = pair(literal);
      return [key, value.replace(/^(["'])(.*)\1$/s, '$2')] as const;
    }),
  ]);
}

function pair(text: string): [string, string] {
  const mark = text.indexOf('=');
  return mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark + 1)];
}

function fileEntry(entry: string): { key: string; path: string } {
  const mark = entry.indexOf('=');
  return mark < 0
    ? { key: nameOf(entry), path: entry }
    : { key: entry.slice(0, mark), path: entry.slice(mark + 1) };
}

function filesOfGenerator(generator: Value, { directory, file }: Kustomization): string[] {
  const env = field(generator, 'env');
  const paths = [
    ...textsAt(generator, 'files').map((entry) => fileEntry(entry).path),
    ...textsAt(generator, 'envs'),
  ];
  return [...paths, ...(typeof env === 'string' ? [env] : [])].map((path) =>
    pathInTree(directory, path, file),
  );
}
