import type { Run } from '@gapferry/core';
import { askHost, memberOf } from '../git-host/ask-host.ts';
import type { PlaceNeed } from '../registry-host/place-needs.ts';
import type { HarborPlace } from './harbor-place.ts';
import type { FoundProject } from './harbor-questions.ts';
import { parseTagRules, type TagRule } from './tag-rules.ts';

/** Tells what the policies of a project would do to what is loaded: nothing of it stops the import. */
export async function warnOfPolicies(
  place: HarborPlace,
  need: PlaceNeed,
  project: FoundProject,
  run: Run,
): Promise<void> {
  const messages = [...pullWarnings(project), ...(await retentionWarnings(place, need, project, run))];
  for (const message of messages)
    run.emit({ kind: 'warning', message: `${message} (target ${place.target})` });
}

const MAY_STOP =
  'workloads may not get what is loaded, and the import stops before anything is visible where it cannot read back what it loaded';

function pullWarnings({ name, metadata }: FoundProject): readonly string[] {
  const { prevent_vul, severity, enable_content_trust, enable_content_trust_cosign } = metadata;
  const unsigned =
    enable_content_trust === 'true'
      ? 'Notary'
      : enable_content_trust_cosign === 'true'
        ? 'cosign'
        : undefined;
  return [
    ...(prevent_vul === 'true'
      ? [
          `the project ${name} lets nobody pull images with vulnerabilities of the severity ${severity ?? 'low'} or above, or that were not scanned yet: ${MAY_STOP}`,
        ]
      : []),
    ...(unsigned === undefined
      ? []
      : [`the project ${name} lets nobody pull images that have no signature of ${unsigned}: ${MAY_STOP}`]),
  ];
}

async function retentionWarnings(
  place: HarborPlace,
  { names, place: project }: PlaceNeed,
  { metadata }: FoundProject,
  run: Run,
): Promise<readonly string[]> {
  const id = metadata['retention_id'] ?? '';
  if (!/^[1-9]\d*$/.test(id)) return [];
  const question = { method: 'GET', path: `/api/v2.0/retentions/${id}`, accept: [403, 404] } as const;
  const answer = await askHost(place.api, question, run);
  if (answer.status === 404) return [];
  if (answer.status === 403)
    return [
      `the project ${project} has a retention policy that ${place.user} may not read: make sure that it leaves what is loaded`,
    ];
  const rules = parseTagRules(memberOf(answer.value, 'rules'));
  const lost = names
    .map(({ repository, tag }) => ({ path: place.pathOf(repository), tag }))
    .filter(({ path, tag }) => isAtRisk(rules, path.slice(project.length + 1), tag))
    .map(({ path, tag }) => (tag === undefined ? path : `${path}:${tag}`));
  if (lost.length === 0) return [];
  const some =
    lost.length > 3 ? `${lost.slice(0, 3).join(', ')} and ${lost.length - 3} more` : lost.join(', ');
  return [
    `the retention policy of the project ${project} may remove what is loaded (${some}): give it a rule that retains it always`,
  ];
}

/** A repository that no rule is for is left alone; in the others goes what no rule retains. */
function isAtRisk(rules: readonly TagRule[], repository: string, tag: string | undefined): boolean {
  const own = rules.filter((rule) => rule.isFor(repository));
  return own.length > 0 && !own.some((rule) => rule.template === 'always' && rule.selects(tag));
}
