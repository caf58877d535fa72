import { type RefChange, type Run, shortRefName } from '@gapferry/core';
import { boundedExpression } from '../bounded-expression.ts';
import { askHost, listOf, memberOf, numberIn, textIn } from './ask-host.ts';
import type { HostApi, HostRequest, Protection } from './git-host.ts';
import { globMatcher } from './glob-matcher.ts';

/** Rules about branches and tags. Only administrators of a repository may read them: whoever may not learns of them from the push. */
export async function giteaProtections(
  api: HostApi,
  path: string,
  me: string,
  run: Run,
): Promise<readonly Protection[]> {
  const [branches, tags] = await Promise.all([
    askHost(api, { method: 'GET', path: `/repos/${path}/branch_protections`, accept: [403, 404] }, run),
    askHost(api, { method: 'GET', path: `/repos/${path}/tag_protections`, accept: [403, 404] }, run),
  ]);
  return [
    ...(branches.status === 200 ? listOf(branches.value) : [])
      .flatMap((rule) => toBranchRule(rule, path, me))
      .sort(exactFirst),
    ...(tags.status === 200 ? listOf(tags.value) : []).flatMap((rule) => toTagRule(rule, path, me)),
  ];
}

/** A rule without wildcards counts before those that have some; the host gives them by priority. */
function exactFirst(a: Protection, b: Protection): number {
  return Number(isGlob(a.rule)) - Number(isGlob(b.rule));
}

function isGlob(rule: string): boolean {
  return /[*?[\]{}\\]/.test(rule);
}

function toBranchRule(value: unknown, path: string, me: string): Protection[] {
  const rule = textIn(value, 'rule_name') ?? textIn(value, 'branch_name');
  if (rule === undefined || rule === '') return [];
  const matches = isGlob(rule)
    ? globMatcher(rule, '/')
    : (name: string): boolean => name.toLowerCase() === rule.toLowerCase();
  const address = `/repos/${path}/branch_protections/${encodeURIComponent(rule)}`;
  return [
    {
      rule,
      matches: (ref) => ref.startsWith('refs/heads/') && matches(shortRefName(ref) ?? ''),
      lets: (how) => letsPush(value, how, me),
      lift: { lift: [patch(address, OPEN)], restore: [patch(address, asItWas(value))] },
    },
  ];
}

function letsPush(value: unknown, how: RefChange['how'], me: string): boolean {
  if (how === 'prune' || !isOn(value, 'enable_push')) return false;
  if (isOn(value, 'enable_push_whitelist') && !isListed(value, 'push_whitelist_usernames', me)) return false;
  if (isOn(value, 'require_signed_commits') || textIn(value, 'protected_file_patterns')) return false;
  if (how !== 'force') return true;
  if (!isOn(value, 'enable_force_push')) return false;
  return !isOn(value, 'enable_force_push_allowlist') || isListed(value, 'force_push_allowlist_usernames', me);
}

/** What lets everybody who may write push. */
const OPEN = {
  enable_push: true,
  enable_push_whitelist: false,
  enable_force_push: true,
  enable_force_push_allowlist: false,
  require_signed_commits: false,
  protected_file_patterns: '',
};

const RESTORED = [
  ...Object.keys(OPEN),
  'push_whitelist_usernames',
  'push_whitelist_teams',
  'push_whitelist_deploy_keys',
  'force_push_allowlist_usernames',
  'force_push_allowlist_teams',
  'force_push_allowlist_deploy_keys',
];

function asItWas(value: unknown): Record<string, unknown> {
  return Object.fromEntries(
    RESTORED.flatMap((name) => {
      const was = memberOf(value, name);
      return was === undefined || was === null ? [] : [[name, was]];
    }),
  );
}

function toTagRule(value: unknown, path: string, me: string): Protection[] {
  const rule = textIn(value, 'name_pattern') ?? '';
  const id = numberIn(value, 'id');
  if (rule === '' || id === undefined) return [];
  const matches = tagMatcher(rule);
  const users = listOf(memberOf(value, 'whitelist_usernames'));
  const address = `/repos/${path}/tag_protections/${id}`;
  return [
    {
      rule,
      matches: (ref) => ref.startsWith('refs/tags/') && matches(shortRefName(ref) ?? ''),
      lets: () => isListed(value, 'whitelist_usernames', me),
      lift: {
        lift: [patch(address, { whitelist_usernames: [...users, me] })],
        restore: [patch(address, { whitelist_usernames: users })],
      },
    },
  ];
}

/** `/…/` is an expression, everything else a pattern whose `*` takes slashes as well. */
function tagMatcher(rule: string): (name: string) => boolean {
  const expression = /^\/(.+)\/$/.exec(rule)?.[1];
  if (expression === undefined) return globMatcher(rule, '');
  try {
    const matches = boundedExpression(expression.slice(0, 500), '', true);
    return (name) => matches(name.slice(0, 500));
  } catch {
    // Go's expressions are not all ours, and one of ours may run for ever: then every tag counts as protected.
    return () => true;
  }
}

function isOn(value: unknown, name: string): boolean {
  return memberOf(value, name) === true;
}

function isListed(value: unknown, list: string, me: string): boolean {
  return listOf(memberOf(value, list)).some(
    (name) => typeof name === 'string' && name.toLowerCase() === me.toLowerCase(),
  );
}

function patch(path: string, body: Record<string, unknown>): HostRequest {
  // Whatever became of one that was not answered: the rule is the same after another.
  return { method: 'PATCH', path, body, again: true };
}
