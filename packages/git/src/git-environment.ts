import type { GitProtocol } from './git-url.ts';

/** One `key = value` of Git's configuration. */
export type GitSetting = readonly [key: string, value: string];

/** What a git process is told besides its arguments. */
export interface GitSurroundings {
  /** The bare repository to work in; without one, git sees no repository at all. */
  readonly repository?: string;
  /** The one transport that may be used; none by default. */
  readonly protocol?: GitProtocol;
  readonly settings?: readonly GitSetting[];
  readonly variables?: Readonly<Record<string, string>>;
}

/** The only variables that come in from outside: where programs lie, the SSH agent, temporary files, proxies. */
const PASSED = [
  'PATH',
  'SSH_AUTH_SOCK',
  'TMPDIR',
  'SystemRoot',
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]),
];

/** No hook, filter, helper, alternate, monitor or background job that a repository or a user could name is ever run. */
const SETTINGS: readonly GitSetting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['core.alternateRefsCommand', ''],
  ['credential.helper', ''],
  ['protocol.ext.allow', 'never'],
  ['protocol.fd.allow', 'never'],
  ['fetch.recurseSubmodules', 'false'],
  ['fetch.writeCommitGraph', 'false'],
  // Always a pack, never thousands of loose files.
  ['fetch.unpackLimit', '1'],
  ['transfer.bundleURI', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['init.defaultBranch', 'main'],
  ['advice.defaultBranchName', 'false'],
];

/** The whole environment of a git process. Configuration goes through `GIT_CONFIG_COUNT` and not through `-c`: nothing in it shows in a process list. */
export function gitEnvironment(
  outside: Readonly<Record<string, string | undefined>>,
  globalConfig: string,
  told: GitSurroundings,
): Record<string, string> {
  return {
    ...pick(outside),
    LC_ALL: 'C',
    // Neither ~/.netrc nor ~/.config/git is read; ssh finds ~/.ssh by the user database.
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: globalConfig,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: told.protocol ?? 'none',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_DIR: told.repository ?? '/dev/null',
    ...told.variables,
    ...settingVariables([...SETTINGS, ...(told.settings ?? [])]),
  };
}

function pick(outside: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed: Record<string, string> = { PATH: '/usr/local/bin:/usr/bin:/bin' };
  for (const name of PASSED) {
    const value = outside[name];
    if (value !== undefined) passed[name] = value;
  }
  // curl reads it for plain HTTP in lower case alone.
  const proxy = passed['http_proxy'] ?? passed['HTTP_PROXY'];
  return { ...passed, ...(proxy !== undefined && { http_proxy: proxy }) };
}

function settingVariables(settings: readonly GitSetting[]): Record<string, string> {
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], index) => {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return variables;
}
