import { GapferryError, type Run } from '@gapferry/core';
import { askHost } from '../git-host/ask-host.ts';
import type { GitlabRegistryPlace } from './gitlab-registry-place.ts';

/** Makes a project where there is none, with the groups that it needs, and its registry switched on. Throws `TARGET_CONFLICT` where the site does not want it made, or GitLab does not make it, and `FORBIDDEN`. */
export async function makeProject(place: GitlabRegistryPlace, path: string, run: Run): Promise<void> {
  const { memory, gitlab, api, create, release, target } = place;
  if ((await memory.look(path, run)).state !== 'missing') return;
  if (!create)
    throw new GapferryError({
      code: 'TARGET_CONFLICT',
      message: `there is no project ${path} at target ${target}`,
      hint: 'make it there, or say `create: true` of the target in site.yaml',
      origin: 'target',
      data: { target, project: path },
    });
  const { channel, version, sequence } = release;
  const description = `images loaded by gapferry, first with ${channel} ${version} (release ${sequence})`;
  await gitlab.create(path, { objectFormat: 'sha1', description }, run);
  memory.forget(path);
  const look = await memory.look(path, run);
  if (look.state !== 'there' || !look.project.isSwitchedOff) return;
  const body = { container_registry_access_level: 'enabled' };
  await askHost(
    api,
    { method: 'PUT', path: `/projects/${encodeURIComponent(path)}`, body, again: true },
    run,
  );
  memory.forget(path);
}
