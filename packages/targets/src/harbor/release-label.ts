import type { OciTag, Run } from '@gapferry/core';
import { askHost, listOf, numberIn, textIn } from '../git-host/ask-host.ts';
import type { LoadedRelease } from '../git-host/git-host.ts';
import { artifactPath, projectOf } from './harbor-names.ts';
import type { HarborPlace } from './harbor-place.ts';

/** Harbor takes 128 characters for the name of a label. */
export function labelOf({ channel, version, sequence }: LoadedRelease): string {
  const end = ` (${sequence})`;
  return `${`${channel} ${version}`.slice(0, 128 - end.length)}${end}`;
}

/** Labels what a name stands for with the release that loaded it; the label is the project's own, and made where it is missing. */
export async function labelArtifact(
  place: HarborPlace,
  { repository, root }: OciTag,
  run: Run,
): Promise<void> {
  const path = place.pathOf(repository);
  const id = await place.memory.once(`label ${projectOf(path)}`, () =>
    ensureLabel(place, projectOf(path), run),
  );
  if (id === undefined) return;
  const question = `${artifactPath(path, root.digest)}/labels`;
  const again = true;
  // 409: it has the label.
  await askHost(place.api, { method: 'POST', path: question, body: { id }, accept: [409], again }, run);
}

async function ensureLabel(place: HarborPlace, project: string, run: Run): Promise<number | undefined> {
  const look = await place.memory.look(project, run);
  if (look.state !== 'there') return undefined;
  const name = labelOf(place.release);
  const { id } = look.project;
  const found = await findLabel(place, id, name, run);
  if (found !== undefined) return found;
  const description = 'loaded by gapferry';
  const body = { name, description, color: '#0065AB', scope: 'p', project_id: id };
  const path = '/api/v2.0/labels';
  await askHost(place.api, { method: 'POST', path, body, accept: [409], again: true }, run);
  return await findLabel(place, id, name, run);
}

/** Harbor finds by parts of names: longer ones with the same part come along. */
async function findLabel(
  { api }: HarborPlace,
  project: number,
  name: string,
  run: Run,
): Promise<number | undefined> {
  const query = `scope=p&project_id=${project}&name=${encodeURIComponent(name)}&page_size=100`;
  const { value } = await askHost(api, { method: 'GET', path: `/api/v2.0/labels?${query}` }, run);
  return numberIn(
    listOf(value).find((label) => textIn(label, 'name') === name),
    'id',
  );
}
