import type { OciTag, Run } from '@gapferry/core';
import { askHost, listOf, memberOf, textIn } from '../git-host/ask-host.ts';
import type { PlaceNeed } from '../registry-host/place-needs.ts';
import { artifactPath, projectOf } from './harbor-names.ts';
import type { HarborPlace } from './harbor-place.ts';
import { pathOf } from './harbor-questions.ts';
import { parseTagRules } from './tag-rules.ts';

/** Tags that would move and that the project keeps as they are, `path:tag` each. Those of which Harbor does not tell these credentials are warned of: they would stop the import when their turn comes. */
export async function keptTags(place: HarborPlace, need: PlaceNeed, run: Run): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const name of await movingTags(place, need, run)) {
    const path = place.pathOf(name.repository);
    const { tag = '' } = name;
    const isKept = (await askTag(place, path, tag, run)) ?? (await matchRules(place, path, tag, run));
    if (isKept === true) kept.push(`${path}:${tag}`);
    if (isKept === undefined)
      run.emit({
        kind: 'warning',
        item: name.item,
        message: `${path}:${tag} moves, and Harbor does not tell ${place.user} whether the project ${need.place} keeps its tags as they are`,
      });
  }
  return kept;
}

/** The survey has asked for each of them. */
async function movingTags(place: HarborPlace, { names }: PlaceNeed, run: Run): Promise<readonly OciTag[]> {
  const moving: OciTag[] = [];
  for (const name of names)
    if (name.tag !== undefined && (await place.registry.inspect(name, run)).state === 'different')
      moving.push(name);
  return moving;
}

/** Harbor's own judgement; undefined for who may not read artifacts. */
async function askTag(
  { api }: HarborPlace,
  path: string,
  tag: string,
  run: Run,
): Promise<boolean | undefined> {
  const question = `${artifactPath(path, tag)}?with_tag=true&with_immutable_status=true`;
  const answer = await askHost(api, { method: 'GET', path: question, accept: [403, 404] }, run);
  const own = listOf(memberOf(answer.value, 'tags')).find((each) => textIn(each, 'name') === tag);
  return own === undefined ? undefined : memberOf(own, 'immutable') === true;
}

/** Undefined for who may not read the rules either. */
async function matchRules(
  { api, memory }: HarborPlace,
  path: string,
  tag: string,
  run: Run,
): Promise<boolean | undefined> {
  const project = projectOf(path);
  const look = await memory.look(project, run);
  if (look.state !== 'there') return undefined;
  const question = `/api/v2.0${pathOf(look.project)}/immutabletagrules?page_size=100`;
  const answer = await askHost(api, { method: 'GET', path: question, accept: [403, 404] }, run);
  if (answer.status !== 200) return undefined;
  const repository = path.slice(project.length + 1);
  return parseTagRules(answer.value).some((rule) => rule.isFor(repository) && rule.selects(tag));
}
