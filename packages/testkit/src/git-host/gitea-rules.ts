import type { RefRule } from './hosted-repositories.ts';

/** Protection rules of a repository, as its API shows them. */
export interface GiteaRules {
  branchRules: Record<string, unknown>[];
  tagRules: Record<string, unknown>[];
}

/** As Gitea's own hook judges: deletion of a protected branch is never let. */
export function hookRules({ branchRules, tagRules }: GiteaRules, me: string): RefRule[] {
  const isMine = (rule: Record<string, unknown>, list: string): boolean =>
    (rule[list] as string[]).includes(me);
  return [
    ...branchRules.map((rule) => {
      const push =
        rule['enable_push'] === true &&
        (rule['enable_push_whitelist'] !== true || isMine(rule, 'push_whitelist_usernames'));
      const force = push && rule['enable_force_push'] === true;
      return {
        pattern: `refs/heads/${String(rule['rule_name'])}`,
        lets: `${push ? 'p' : ''}${force ? 'f' : ''}`,
        message: `Gitea: Not allowed to push to protected branch ${String(rule['rule_name'])}`,
      };
    }),
    ...tagRules.map((rule) => ({
      pattern: `refs/tags/${String(rule['name_pattern'])}`,
      lets: isMine(rule, 'whitelist_usernames') ? 'pfd' : '',
      message: `Gitea: Tag ${String(rule['name_pattern'])} is protected`,
    })),
  ];
}
