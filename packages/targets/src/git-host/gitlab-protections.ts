import { type RefChange, type Run, shortRefName } from '@gapferry/core';
import { boundedExpression } from '../bounded-expression.ts';
import { askHost, listOf, memberOf, numberIn, textIn } from './ask-host.ts';
import type { HostApi, HostRequest, Protection } from './git-host.ts';

/** The access level of these credentials in a project: 30 developer, 40 maintainer, 50 owner; 0 where the host does not say. */
export function levelOf(project: unknown): number {
  const permissions = memberOf(project, 'permissions');
  const levels = ['project_access', 'group_access'].map((name) =>
    numberIn(memberOf(permissions, name), 'access_level'),
  );
  return Math.max(0, ...levels.map((level) => level ?? 0));
}

/** Protected branches and tags (REST API v4), the strictest of those that match first: what GitLab makes of several that match is not the same in all its versions. */
export async function gitlabProtections(
  api: HostApi,
  path: string,
  level: number,
  run: Run,
): Promise<readonly Protection[]> {
  const project = `/projects/${encodeURIComponent(path)}`;
  const [branches, tags] = await Promise.all([
    askHost(api, { method: 'GET', path: `${project}/protected_branches?per_page=100`, accept: [403] }, run),
    askHost(api, { method: 'GET', path: `${project}/protected_tags?per_page=100`, accept: [403] }, run),
  ]);
  const rules = [
    ...(branches.status === 200 ? listOf(branches.value) : []).flatMap((rule) =>
      toBranchRule(rule, project, level),
    ),
    ...(tags.status === 200 ? listOf(tags.value) : []).flatMap((rule) => toTagRule(rule, project, level)),
  ];
  return rules.sort((a, b) => openness(a) - openness(b));
}

function openness({ lets }: Protection): number {
  return Number(lets('create')) + Number(lets('force'));
}

function toBranchRule(value: unknown, project: string, level: number): Protection[] {
  const rule = textIn(value, 'name') ?? '';
  if (rule === '') return [];
  const address = `${project}/protected_branches`;
  const mayPush = isLet(memberOf(value, 'push_access_levels'), level);
  const mayForce = memberOf(value, 'allow_force_push') === true;
  const matches = wildcard(rule);
  return [
    {
      rule,
      matches: (ref) => ref.startsWith('refs/heads/') && matches(shortRefName(ref) ?? ''),
      lets: (how) => mayPush && how !== 'prune' && (how !== 'force' || mayForce),
      lift: mayPush ? forcing(address, rule) : withoutRule(address, rule, value),
    },
  ];
}

/** Only force is missing: nobody else is let in meanwhile. */
function forcing(address: string, rule: string): NonNullable<Protection['lift']> {
  const set = (allow: boolean): HostRequest => ({
    method: 'PATCH',
    path: `${address}/${encodeURIComponent(rule)}`,
    body: { allow_force_push: allow },
    again: true,
  });
  return { lift: [set(true)], restore: [set(false)] };
}

/** GitLab's free edition cannot change who may push: the rule goes, and comes again as it was. What came meanwhile under its name (by a restore before) is replaced. */
function withoutRule(address: string, rule: string, value: unknown): NonNullable<Protection['lift']> {
  const remove: HostRequest = {
    method: 'DELETE',
    path: `${address}/${encodeURIComponent(rule)}`,
    accept: [404],
    again: true,
  };
  const body = {
    name: rule,
    ...restored(value, 'push_access_levels', 'push_access_level', 'allowed_to_push'),
    ...restored(value, 'merge_access_levels', 'merge_access_level', 'allowed_to_merge'),
    ...restored(value, 'unprotect_access_levels', 'unprotect_access_level', 'allowed_to_unprotect'),
    allow_force_push: memberOf(value, 'allow_force_push') === true,
    ...(memberOf(value, 'code_owner_approval_required') === true && { code_owner_approval_required: true }),
  };
  return { lift: [remove], restore: [remove, { method: 'POST', path: address, body }] };
}

function toTagRule(value: unknown, project: string, level: number): Protection[] {
  const rule = textIn(value, 'name') ?? '';
  if (rule === '') return [];
  const address = `${project}/protected_tags`;
  const remove: HostRequest = {
    method: 'DELETE',
    path: `${address}/${encodeURIComponent(rule)}`,
    accept: [404],
  };
  const body = {
    name: rule,
    ...restored(value, 'create_access_levels', 'create_access_level', 'allowed_to_create'),
  };
  const mayCreate = isLet(memberOf(value, 'create_access_levels'), level);
  const matches = wildcard(rule);
  return [
    {
      rule,
      matches: (ref) => ref.startsWith('refs/tags/') && matches(shortRefName(ref) ?? ''),
      lets: (how: RefChange['how']) => how === 'create' && mayCreate,
      lift: { lift: [remove], restore: [remove, { method: 'POST', path: address, body }] },
    },
  ];
}

/** Levels of the paid editions that name users, groups or keys need the other form. */
function restored(value: unknown, list: string, one: string, several: string): Record<string, unknown> {
  const levels = listOf(memberOf(value, list));
  const [first] = levels;
  const named = levels.filter((level) => NAMED.some((name) => numberIn(level, name) !== undefined));
  const plain = numberIn(first, 'access_level');
  if (levels.length === 1 && named.length === 0 && plain !== undefined) return { [one]: plain };
  if (levels.length === 0) return {};
  return { [several]: levels.map(toGrant) };
}

const NAMED = ['user_id', 'group_id', 'deploy_key_id'];

function toGrant(level: unknown): Record<string, unknown> {
  const name = NAMED.find((one) => numberIn(level, one) !== undefined);
  return name === undefined
    ? { access_level: numberIn(level, 'access_level') }
    : { [name]: numberIn(level, name) };
}

/** 0 is nobody; a level that names a user, a group or a key is not known to be ours. */
function isLet(levels: unknown, mine: number): boolean {
  return listOf(levels).some((level) => {
    const needed = numberIn(level, 'access_level') ?? 0;
    return needed > 0 && needed <= mine && NAMED.every((name) => numberIn(level, name) === undefined);
  });
}

/** `*` stands for anything, slashes included; what would take too long matches everything. */
function wildcard(rule: string): (name: string) => boolean {
  const parts = rule.split('*').map((part) => part.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&'));
  return boundedExpression(`^${parts.join('.*')}$`, 's', true);
}
